import type { Ledger, RunState } from "../run-state/run-state.ts";
import { isInterruption } from "../support/interrupts.ts";
import { countText } from "../support/count-text.ts";
import {
  configurationRows,
  configurationTable,
  notApplicableLines,
  type ConfigurationRow,
} from "./configuration-table.ts";
import { costLines } from "./cost-lines.ts";
import { failureLines, unmeasuredLines } from "./failures.ts";
import { loadTable } from "./load-table.ts";
import { moneyTable } from "./money-table.ts";
import { indentLines, type TableStyle } from "./render-table.ts";
import { isSimulated, sweepVerdict } from "./sweep-verdict.ts";

export interface SweepSummary {
  readonly state: RunState;
  readonly ledger: Ledger;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** The run's folder. */
  readonly folder: string;
  readonly database: string;
  /** Options that make `maider-sweep report` read the same database, each with a space before it. */
  readonly where: string;
  /** Every failure and void pass, readings of cost and load, the bill of each VM. */
  readonly details: boolean;
}

/** The end of a sweep: its table, what was not measured and why, and a short verdict. */
export function sweepSummary(summary: SweepSummary, style: TableStyle): string {
  const { details, ledger, nowMs, state, where } = summary;
  const rows = configurationRows(state);
  const results = rows.flatMap(({ result }) => result ?? []);
  const simulated = isSimulated(state);
  const stopped = rows.filter(({ state: end }) => end === "stopped").length;
  const report = `maider-sweep report${simulated ? " --simulate" : ""}${where} --open`;
  const next = isInterrupted(state) ? `maider-sweep run --resume ${state.run}` : report;
  const table = rows.length === 0 ? "  nothing was measured" : configurationTable(rows, style);
  return `${[
    `${simulated ? "SIMULATED results" : "Results"} of sweep ${state.run}${endText(state)}\n${table}`,
    ...section("Not measured", unmeasuredLines(state), style),
    ...(stopped === 0
      ? []
      : [
          `Stopped on request before ${countText(stopped, "configuration was", "configurations were")} complete.`,
        ]),
    ...(details ? detailSections(summary, rows, style) : repeatedPasses(state)),
    sweepVerdict({ state, ledger, results, nowMs, next }, style.width),
  ].join("\n\n")}\n`;
}

function section(title: string, lines: readonly string[], style: TableStyle): string[] {
  return lines.length === 0 ? [] : [`${title}\n${indentLines(lines, style.width)}`];
}

/** Passes that were not sound, without their reasons. */
function repeatedPasses({ passes, run }: RunState): string[] {
  const unsound = passes.filter(
    (event) =>
      event.type !== "pass.finished" &&
      !(event.type === "pass.void" && isInterruption(event.reason)),
  ).length;
  return unsound === 0
    ? []
    : [
        `${countText(unsound, "pass was", "passes were")} void or failed: see maider-sweep logs ${run}`,
      ];
}

function detailSections(
  { database, folder, ledger, nowMs, state }: SweepSummary,
  rows: readonly ConfigurationRow[],
  style: TableStyle,
): string[] {
  const results = rows.flatMap(({ result }) => result ?? []);
  const loads = loadTable(results, style);
  const simulated = isSimulated(state) ? "SIMULATED " : "";
  return [
    ...section("Not applicable (n/a)", notApplicableLines(rows), style),
    ...(loads === undefined ? [] : [`Under load\n${loads}`]),
    ...section(
      "A million output tokens, one request at a time",
      costLines(results, state, nowMs),
      style,
    ),
    ...section("Failed, void or skipped", failureLines(state), style),
    `${simulated}Money\n${moneyTable(state, ledger, nowMs, style)}`,
    `${simulated}Results: ${database}\nJournal and logs: ${folder}`,
  ];
}

function isInterrupted({ closed }: RunState): boolean {
  return closed?.state === "interrupted" || closed?.state === "crashed";
}

function endText({ closed, lastMs }: RunState): string {
  if (closed !== undefined) return `, ${closed.state} ${minuteText(Date.parse(closed.ts))}`;
  return lastMs === 0 ? "" : `, last heard of ${minuteText(lastMs)}`;
}

function minuteText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
