import { NO_PROGRESS, type RentalProgress } from "../../run-state/fold-progress.ts";
import type { RentalState } from "../../run-state/run-state.ts";
import type { LocatedRun } from "../../run/run-folder/read-runs.ts";
import { PACKED_AFTER_DAYS, RETENTION_DAYS } from "../../run/run-folder/retention.ts";
import { gpuName } from "../../catalog/short-names.ts";
import { renderTable } from "../../report/render-table.ts";
import { formatUsd } from "../../support/money.ts";
import { count } from "./event-text.ts";
import { nextBilledHour, stageText } from "./live-lines.ts";

/** `runs` are as `status --json` prints them, `bytes` what all runs take on the disk. */
export function statusJson(runs: readonly LocatedRun[], bytes: number): object {
  return {
    runs: runs.map(({ journal: _journal, progress: _progress, nowMs: _now, ...run }) => run),
    bytes,
  };
}

export function statusText(
  runs: readonly LocatedRun[],
  bytes: number,
  style: {
    /** Shows ended runs in full. */
    readonly whole: boolean;
    /** Columns of the terminal. */
    readonly width: number;
  },
): string {
  const texts = runs.map((run) => runText(run, style.whole, style.width));
  if (!style.whole) texts.push(diskUsageText(bytes));
  return `${texts.join("\n\n")}\n`;
}

export function diskUsageText(bytes: number): string {
  return `journals and logs take ${(bytes / 1e6).toFixed(1)} MB; those of ended runs are packed after ${count(PACKED_AFTER_DAYS, "day")} and deleted after ${RETENTION_DAYS}`;
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
  if (gone > 0) lines.push(`  ${count(gone, "VM")} confirmed deleted`);
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
      gpuName(rental.gpu),
      rental.region,
      stageOf(rental, run.progress.get(rental.label) ?? NO_PROGRESS, nowMs),
      nextHour(rental, nowMs),
    ]),
    { width, colour: false },
  );
  return [...lines, table].join("\n");
}

/** In about 20 characters. */
function stageOf(rental: RentalState, progress: RentalProgress, nowMs: number): string {
  const { failure, settled, stage } = rental;
  const { pass = 1, passes = 1, testIndex = 0, tests = 0 } = progress;
  if (settled !== undefined)
    return `${String(settled.hours)} h ${formatUsd(settled.microUsd)}${failure === undefined ? "" : ", failed"}`;
  return stage === "measuring"
    ? `pass ${String(pass)}/${String(passes)} test ${String(testIndex)}/${String(tests)}`
    : stageText(rental, progress, nowMs);
}

/** Until the rental's next hour begins to be billed. */
function nextHour(rental: RentalState, nowMs: number): string {
  const minutes = nextBilledHour([rental], nowMs);
  return minutes === undefined ? "-" : `${String(minutes)} min`;
}
