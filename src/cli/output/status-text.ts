import type { RentalState } from "../../run-state/run-state.ts";
import type { RunStatus } from "../../run-state/status.ts";
import { renderTable } from "../../report/render-table.ts";
import { formatUsd } from "../../support/money.ts";
import { count } from "./event-text.ts";
import { nextBilledHour, shortGpu, stageText } from "./live-lines.ts";

/** A run with where it ran, what its journal says of its rentals, and what its clock shows. */
export interface LocatedRun extends RunStatus {
  readonly simulated: boolean;
  readonly journal: readonly RentalState[];
  readonly nowMs: number;
}

/** A run in words; of one that has ended only its money, unless it was asked for by name. */
export function runText(run: LocatedRun, whole: boolean, width: number): string {
  const left = run.cap_usd - run.spent_usd - run.reserved_usd;
  const lines = [
    `${run.run}  ${run.state}${run.simulated ? "  SIMULATED" : ""}`,
    `  $${run.spent_usd.toFixed(2)} spent, $${run.reserved_usd.toFixed(2)} reserved, $${left.toFixed(2)} left of $${run.cap_usd.toFixed(2)}`,
  ];
  if (run.pid !== null)
    lines.push(`  process ${String(run.pid)}, guard ${String(run.guard_pid ?? "none")}`);
  if (run.damaged) lines.push("  its journal is damaged: the figures may lack what it has lost");
  if (run.state === "unresolved")
    lines.push("  something may still be billed: maider-sweep recover settles it");
  const { nowMs } = run;
  const rentals = run.journal.filter(({ stage }) => whole || stage !== "settled");
  const gone = run.journal.length - rentals.length;
  if (gone > 0) lines.push(`  ${count(gone, "VM")} proved gone`);
  if (rentals.length === 0) return lines.join("\n");
  const table = renderTable(
    [
      { head: "VM" },
      { head: "GPU type", shrinks: true },
      { head: "Region", shrinks: true },
      { head: "Stage" },
      { head: "Hour", align: "right" },
    ],
    rentals.map((rental) => [
      rental.label,
      shortGpu(rental.gpu),
      rental.region,
      stageOf(rental, nowMs),
      nextHour(rental, nowMs),
    ]),
    { width, colour: false },
  );
  return [...lines, table].join("\n");
}

/** In about 20 characters. */
function stageOf(rental: RentalState, nowMs: number): string {
  const { failure, pass = 1, passes = 1, settled, stage, testIndex = 0, tests = 0 } = rental;
  if (settled !== undefined)
    return `${String(settled.hours)} h ${formatUsd(settled.microUsd)}${failure === undefined ? "" : ", failed"}`;
  return stage === "measuring"
    ? `pass ${String(pass)}/${String(passes)} test ${String(testIndex)}/${String(tests)}`
    : stageText(rental, nowMs);
}

/** Until the rental's next hour begins to be billed. */
function nextHour(rental: RentalState, nowMs: number): string {
  const minutes = nextBilledHour([rental], nowMs);
  return minutes === undefined ? "-" : `${String(minutes)} min`;
}
