import type { Ledger, RunState } from "../run-state/run-state.ts";
import { configurations, type ConfigurationResult } from "../results/query/configurations.ts";
import { isoUtc } from "../support/clock.ts";
import { costLines } from "./cost-lines.ts";
import { loadLines } from "./load-lines.ts";
import { indentLines, type TableStyle } from "./render-table.ts";
import {
  configurationTable,
  failureLines,
  moneyTable,
  notApplicableLines,
  type ConfigurationRow,
} from "./format.ts";

export interface SweepSummary {
  readonly state: RunState;
  readonly ledger: Ledger;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** The run's folder. */
  readonly folder: string;
  readonly database: string;
  /** What shows the same results, after `maider-sweep report`: the options that named another place. */
  readonly where: string;
}

/** What a sweep says at its end: what was measured, what failed, what it cost, and where it lies. */
export function sweepSummary(summary: SweepSummary, style: TableStyle): string {
  const { state, ledger, nowMs } = summary;
  const simulated = isSimulated(state) ? "SIMULATED " : "";
  const rows = configurationRows(state);
  const failures = failureLines(state);
  const listed = (lines: readonly string[]): string => indentLines(lines, style.width);
  const inapplicable = notApplicableLines(rows);
  const measured = rows.flatMap(({ result }) => result ?? []);
  const loads = loadLines(measured);
  const sections = [
    `${simulated}Results of run ${state.run}${endText(state)}`,
    rows.length === 0 ? "  nothing was measured" : configurationTable(rows, style),
    ...(inapplicable.length === 0 ? [] : ["\nNot applicable (n/a)", listed(inapplicable)]),
    ...(loads.length === 0 ? [] : ["\nUnder load (closed loop)", listed(loads)]),
    ...(measured.length === 0
      ? []
      : [
          "\nA million output tokens, one request at a time",
          listed(costLines(measured, state, nowMs)),
        ]),
    ...(failures.length === 0 ? [] : ["\nFailed, void or skipped", listed(failures)]),
    `\n${simulated === "" ? "Money" : "SIMULATED money: nothing is owed"}`,
    moneyTable(state, ledger, nowMs, style),
    `\n${simulated}Results: ${summary.database}`,
    `Journal and logs: ${summary.folder}`,
    ...(rows.length === 0
      ? []
      : [
          `See it: maider-sweep report${simulated === "" ? "" : " --simulate"}${summary.where} --open`,
        ]),
  ];
  return `${sections.join("\n")}\n`;
}

export function isSimulated(state: RunState): boolean {
  return (state.opened?.world ?? null) !== null;
}

/** A row for each configuration that was reached, each with the sound passes of this run alone. */
export function configurationRows(state: RunState): ConfigurationRow[] {
  const sound = state.passes.flatMap((event) =>
    event.type === "pass.finished" ? [event.record] : [],
  );
  const results = configurations(sound);
  // One model may be tried with several windows on one GPU type; they end in the order in which they are measured.
  const left = new Set(results.toReversed());
  const resultOf = (gpu: string, model: string): ConfigurationResult | undefined => {
    const found = [...left].findLast((result) => result.gpu === gpu && result.model === model);
    if (found !== undefined) left.delete(found);
    return found;
  };
  const rows = state.configurations.map(({ gpu, model, passes, state: end }) => ({
    gpu,
    model,
    result: passes === 0 ? undefined : resultOf(gpu, model),
    state: end.replace("_", " "),
  }));
  // A rental that ended in the middle has passes of configurations that were never finished.
  const cutShort = [...left]
    .toReversed()
    .map((result) => ({ gpu: result.gpu, model: result.model, result, state: "cut short" }));
  const notStarted = state.notStarted.flatMap(({ gpu, models }) =>
    models.map((model) => ({ gpu, model, result: undefined, state: "not started" })),
  );
  return [...rows, ...cutShort, ...notStarted];
}

function endText(state: RunState): string {
  if (state.closed !== undefined) return ` (${state.closed.state} ${state.closed.ts})`;
  return state.lastMs === 0 ? "" : ` (last heard of ${isoUtc(state.lastMs)})`;
}
