import { gpuName, modelName } from "../catalog/short-names.ts";
import { configurations, type ConfigurationResult } from "../results/query/configurations.ts";
import { loadFigures, type LoadFigures } from "../results/query/load-figures.ts";
import type { RunState } from "../run-state/run-state.ts";
import { isInterruption } from "../support/interrupts.ts";
import { knownText, speedText, WIDE } from "./format.ts";
import { renderTable, type Column, type TableStyle } from "./render-table.ts";

/** A configuration of a run: its end, and its results if it was measured. */
export interface ConfigurationRow {
  readonly gpu: string;
  readonly model: string;
  readonly result: ConfigurationResult | undefined;
  /** `measured`, `partial`, `failed`, `stopped`, `cut short`, `not started`. */
  readonly state: string;
}

/** One row per configuration that the run reached, with the sound passes of this run alone, fastest first. */
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
  const rows = state.configurations.map(({ gpu, model, passes, reason, state: end }) => ({
    gpu,
    model,
    result: passes === 0 ? undefined : resultOf(gpu, model),
    state: isInterruption(reason ?? "") ? "stopped" : end.replace("_", " "),
  }));
  // A rental that ended in the middle has passes of configurations that were never finished.
  const cutShort = [...left]
    .toReversed()
    .map((result) => ({ gpu: result.gpu, model: result.model, result, state: "cut short" }));
  const notStarted = state.notStarted.flatMap(({ gpu, models }) =>
    models.map((model) => ({ gpu, model, result: undefined, state: "not started" })),
  );
  return [...rows, ...cutShort, ...notStarted].toSorted(
    (a, b) => (b.result?.speed.median ?? 0) - (a.result?.speed.median ?? 0),
  );
}

interface Cell extends Column {
  readonly of: (row: ConfigurationRow) => string;
}

/** Speed with its interval, prices, and throughput at the highest load; passes and time to first token if there is room. */
export function configurationTable(rows: readonly ConfigurationRow[], style: TableStyle): string {
  const cells: readonly Cell[] = [
    { head: "GPU type", shrinks: true, of: ({ gpu }) => gpuName(gpu) },
    { head: "Model", shrinks: true, of: ({ model, result }) => result?.name ?? modelName(model) },
    {
      head: style.width < WIDE ? "Tokens/s" : "Tokens/s (95 %)",
      align: "right",
      of: ({ result }) => speedText(result, style),
    },
    {
      head: "$/1M",
      align: "right",
      of: ({ result }) => (result === undefined ? "-" : knownText(result.costPer1M, 2)),
    },
    ...loadCells(rows),
    {
      head: "TTFT",
      align: "right",
      optional: true,
      of: ({ result }) => (result?.ttftS === undefined ? "-" : `${result.ttftS.toFixed(2)}s`),
    },
    {
      head: "Passes",
      align: "right",
      optional: true,
      of: ({ result }) => String(result?.speed.n ?? 0),
    },
    { head: "State", of: stateText },
  ];
  return renderTable(
    cells,
    rows.map((row) => cells.map(({ of }) => of(row))),
    style,
  );
}

/** Throughput and price with several requests in flight; none if no configuration was measured so. */
function loadCells(rows: readonly ConfigurationRow[]): readonly Cell[] {
  const figures = new Map(
    rows.map((row) => [row, row.result === undefined ? [] : loadFigures(row.result)]),
  );
  const levels = [...figures.values()].flat().filter(({ rates }) => rates.length > 0);
  if (levels.length === 0) return [];
  const highest = Math.max(...levels.map(({ inFlight }) => inFlight));
  const at = (row: ConfigurationRow): LoadFigures | undefined =>
    figures.get(row)?.find(({ inFlight }) => inFlight === highest);
  return [
    {
      head: `${highest} at once`,
      align: "right",
      of: (row) => knownOrDash(at(row)?.tokensPerSec, 1),
    },
    { head: "$/1M", align: "right", of: (row) => knownOrDash(at(row)?.costPer1M, 2) },
  ];
}

function knownOrDash(value: number | undefined, digits: number): string {
  return value === undefined ? "-" : value.toFixed(digits);
}

function stateText({ result, state }: ConfigurationRow): string {
  const tests = inapplicableTests(result).length;
  return [
    state,
    ...(result?.speed.unstable === true ? ["unstable"] : []),
    ...(tests === 0 ? [] : [`${tests} n/a`]),
  ].join(", ");
}

/** Tests of the newest pass that do not fit the window. */
function inapplicableTests(result: ConfigurationResult | undefined) {
  return result?.records[0]?.tests.filter(({ outcome }) => outcome === "not_applicable") ?? [];
}

/** Which tests do not apply and why, a line each. */
export function notApplicableLines(rows: readonly ConfigurationRow[]): string[] {
  return rows.flatMap(({ gpu, model, result }) =>
    inapplicableTests(result).map(
      ({ test_name, reason }) => `${gpu} ${model}: ${test_name}: ${String(reason)}`,
    ),
  );
}
