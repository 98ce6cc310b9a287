import type { PlannedRental } from "../../estimate/estimate.ts";
import { foldRun } from "../../run-state/fold-run.ts";
import type { Configuration } from "../../plan/coverage-plan.ts";
import type { SweepPorts } from "../ports.ts";

/** Journals the end of a rental that did not do all it was for, and what became of each of its configurations. */
export async function giveUp(
  label: string,
  planned: PlannedRental,
  todo: readonly Configuration[],
  reason: string,
  ports: SweepPorts,
): Promise<void> {
  const { journal } = ports;
  const ours = journal.events().filter((event) => "label" in event && event.label === label);
  const stage = foldRun(journal.events()).rentals.get(label)?.stage ?? "reserved";
  await journal.append({
    type: "rental.failed",
    label,
    // No VM is destroyed before it is given up, so one that is settled by now never came to be.
    stage: stage === "settled" ? "creating" : stage,
    reason,
  });
  for (const [index, { model }] of todo.entries()) {
    const begun =
      index === 0 &&
      ours.some((event) => event.type === "server.starting" && event.model === model.id);
    const passes = ours.filter(
      (event) => event.type === "pass.finished" && event.model === model.id,
    ).length;
    await journal.append({
      type: "configuration.finished",
      label,
      gpu: planned.gpuId,
      model: model.id,
      state: passes > 0 ? "partial" : begun ? "failed" : "not_started",
      passes,
      reason,
    });
  }
}
