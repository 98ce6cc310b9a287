import type { PlannedRental } from "../../estimate/estimate.ts";
import { foldRun } from "../../run-state/fold-run.ts";
import { configurationKey } from "../configuration-key.ts";
import type { Configuration } from "../../plan/coverage-plan.ts";
import type { SweepPorts } from "../ports.ts";
import { passProgress } from "../recorded-passes.ts";

/** Journals that a rental failed, with its current stage. */
export async function failRental(
  label: string,
  reason: string,
  { journal }: Pick<SweepPorts, "journal">,
): Promise<void> {
  const stage = foldRun(journal.events()).rentals.get(label)?.stage ?? "reserved";
  await journal.append({
    type: "rental.failed",
    label,
    // A rental fails before its VM is destroyed, so one that is settled never had a VM.
    stage: stage === "settled" ? "creating" : stage,
    reason,
  });
}

/** Journals that a rental failed, and the state of each configuration that was not finished. */
export async function failConfigurations(
  label: string,
  planned: PlannedRental,
  todo: readonly Configuration[],
  reason: string,
  ports: SweepPorts,
): Promise<void> {
  const { journal, ownership } = ports;
  await failRental(label, reason, ports);
  const ours = journal.events().filter((event) => "label" in event && event.label === label);
  for (const [index, configuration] of todo.entries()) {
    const { model } = configuration;
    const key = configurationKey(configuration);
    const begun =
      index === 0 &&
      ours.some(
        (event) =>
          event.type === "server.starting" &&
          event.model === model.id &&
          (event.configuration ?? key) === key,
      );
    const vm = { label, gen: ownership.gen };
    const passes = passProgress(journal.events(), configuration, vm).recorded;
    await journal.append({
      type: "configuration.finished",
      label,
      gpu: planned.gpuId,
      model: model.id,
      configuration: key,
      state: passes > 0 ? "partial" : begun ? "failed" : "not_started",
      passes,
      reason,
    });
  }
}
