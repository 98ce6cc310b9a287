import type { PlannedRental } from "../../estimate/estimate.ts";
import { foldRun } from "../../run-state/fold-run.ts";
import { configurationKey } from "../configuration-key.ts";
import type { Configuration } from "../../plan/coverage-plan.ts";
import type { SweepPorts } from "../ports.ts";
import { passProgress } from "../recorded-passes.ts";

/** Journals that a rental failed, at the stage that it had come to. */
export async function failRental(
  label: string,
  reason: string,
  { journal }: Pick<SweepPorts, "journal">,
): Promise<void> {
  const stage = foldRun(journal.events()).rentals.get(label)?.stage ?? "reserved";
  await journal.append({
    type: "rental.failed",
    label,
    // No VM is destroyed before it is given up, so one that is settled by now never came to be.
    stage: stage === "settled" ? "creating" : stage,
    reason,
  });
}

/** Journals the end of a rental that did not do all it was for, and what became of each of its configurations. */
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
    const here = { label, gen: ownership.gen };
    const passes = passProgress(journal.events(), configuration, here).recorded;
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
