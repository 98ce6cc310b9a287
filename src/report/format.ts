import { gpuName, modelName } from "../catalog/short-names.ts";
import type { ConfigurationResult } from "../results/query/configurations.ts";
import { ageText } from "../results/query/coverage.ts";
import type { Unranked } from "../results/query/unranked.ts";
import { costOf, hoursOf } from "../run-state/ledger.ts";
import type { Ledger, RunState } from "../run-state/run-state.ts";
import { serverFailureText } from "../run-state/server-failure-text.ts";
import { formatUsd } from "../support/money.ts";
import { indentLines, renderTable, type TableStyle } from "./render-table.ts";

/** A configuration of a run: what happened to it, and its results if it was measured. */
export interface ConfigurationRow {
  readonly gpu: string;
  readonly model: string;
  readonly result: ConfigurationResult | undefined;
  /** `measured`, `partial`, `failed`, `not started`. */
  readonly state: string;
}

/** Runs, speed with its interval, time to first token, cost. */
export function configurationTable(rows: readonly ConfigurationRow[], style: TableStyle): string {
  return renderTable(
    [
      { head: "GPU type", shrinks: true },
      { head: "Model", shrinks: true },
      { head: "Passes", align: "right" },
      { head: style.width < WIDE ? "Tokens/s" : "Tokens/s (95 %)", align: "right" },
      { head: "TTFT", align: "right" },
      { head: "$/1K", align: "right" },
      { head: "$/1M", align: "right" },
      { head: "State" },
    ],
    rows.map(({ gpu, model, result, state }) => [
      gpuName(gpu),
      modelName(model),
      String(result?.speed.n ?? 0),
      speedText(result, style),
      result?.ttftS === undefined ? "-" : `${result.ttftS.toFixed(2)}s`,
      result === undefined ? "-" : knownText(result.costPer1k, 4),
      result === undefined ? "-" : knownText(result.costPer1M, 2),
      [
        state,
        ...(result?.speed.unstable === true ? ["unstable"] : []),
        ...(notApplicable(result) === 0 ? [] : [`${notApplicable(result)} n/a`]),
      ].join(", "),
    ]),
    style,
  );
}

/** Tests that do not fit the window, by the newest run. */
function notApplicable(result: ConfigurationResult | undefined): number {
  return (
    result?.records[0]?.tests.filter(({ outcome }) => outcome === "not_applicable").length ?? 0
  );
}

/** Which tests do not apply and why, a line each; empty when all fit. */
export function notApplicableLines(rows: readonly ConfigurationRow[]): string[] {
  return rows.flatMap(({ gpu, model, result }) =>
    (result?.records[0]?.tests ?? []).flatMap(({ test_name, outcome, reason }) =>
      outcome === "not_applicable" ? [`${gpu} ${model}: ${test_name}: ${String(reason)}`] : [],
    ),
  );
}

/** From here on there is room for both ends of an interval. */
export const WIDE = 110;

/** `45.3 (44.9-45.8)`, or `45.3 ±1.0%` where it is narrow; without the interval where one run gives none. */
export function speedText(result: ConfigurationResult | undefined, style: TableStyle): string {
  if (result === undefined) return "-";
  const { median, interval } = result.speed;
  if (interval === undefined) return median.toFixed(1);
  const { low, high } = interval;
  return style.width < WIDE
    ? `${median.toFixed(1)} ±${((50 * (high - low)) / median).toFixed(1)}%`
    : `${median.toFixed(1)} (${low.toFixed(1)}-${high.toFixed(1)})`;
}

/** What failed and why, one each; empty when nothing did. */
export function failureLines(state: RunState): string[] {
  return [
    ...notStartedLines(state),
    ...state.failures.map((event) => {
      const gpu = state.rentals.get(event.label)?.gpu ?? "";
      return event.type === "server.failed"
        ? `${gpu} ${event.model}: ${serverFailureText(event.during)}: ${event.cause}: ${event.evidence}; ${event.remedy} (log: ${event.log})`
        : `${gpu} ${event.label}: ${event.stage}: ${event.reason}`;
    }),
    ...state.passes.flatMap((event) => {
      if (event.type === "pass.finished") return [];
      const gpu = state.rentals.get(event.label)?.gpu ?? "";
      const why = event.type === "pass.void" ? `void: ${event.reason}` : event.reasons.join("; ");
      return [`${gpu} ${event.model}, pass ${event.pass}: ${why}`];
    }),
    ...state.skipped.map(({ gpu, model, reason }) => `${gpu} ${model}: skipped: ${reason}`),
  ];
}

/** What has kept a run from being complete, a line each: configurations without all their passes, and entries without a VM. */
export function incompleteLines(state: RunState): string[] {
  return [
    ...state.configurations
      .filter((configuration) => configuration.state !== "measured")
      .map(
        ({ gpu, model, state: end, passes, reason }) =>
          `${gpu} ${model}: ${end.replace("_", " ")}, sound passes ${String(passes)}: ${reason ?? "no reason given"}`,
      ),
    ...notStartedLines(state),
  ];
}

function notStartedLines({ notStarted }: RunState): string[] {
  return notStarted.map(
    ({ gpu, models, reason }) => `${gpu} ${models.join(", ")}: not started: ${reason}`,
  );
}

/** Hours and dollars by rental, then the cap and what is left of it. */
export function moneyTable(
  state: RunState,
  ledger: Ledger,
  nowMs: number,
  style: TableStyle,
): string {
  const rentals = [...state.rentals.values()].filter((rental) => costOf(rental, nowMs) > 0);
  const table = renderTable(
    [
      { head: "VM", shrinks: true },
      { head: "GPU type", shrinks: true },
      { head: "Region" },
      { head: "Hours", align: "right" },
      { head: "$/hour", align: "right" },
      { head: "Billed", align: "right" },
      { head: "State" },
    ],
    rentals.map((rental) => [
      rental.label,
      gpuName(rental.gpu),
      rental.region,
      String(hoursOf(rental, nowMs)),
      formatUsd(rental.priceMicroUsd),
      formatUsd(costOf(rental, nowMs)),
      rental.settled === undefined ? rental.stage : "gone",
    ]),
    style,
  );
  const reserved =
    ledger.reservedMicroUsd > 0 ? `, reserved ${formatUsd(ledger.reservedMicroUsd)}` : "";
  const totals = `billed ${formatUsd(ledger.spentMicroUsd)}${reserved}, cap ${formatUsd(ledger.capMicroUsd)}, left ${formatUsd(ledger.leftMicroUsd)}`;
  return rentals.length === 0 ? `  ${totals}` : `${table}\n  ${totals}`;
}

/** A figure that takes a price to know. */
export function knownText(value: number, digits: number, unit = ""): string {
  return Number.isFinite(value) ? `${unit}${value.toFixed(digits)}` : "n/a";
}

/** What is not ranked and why, a line each. */
export function unrankedLines(unranked: readonly Unranked[], nowMs: number): string {
  return indentLines(
    unranked.map(({ gpu, model, state, reason, passes, atMs }) => {
      const times = passes === 1 ? "" : ` x${passes}`;
      return `${gpuName(gpu)} ${modelName(model)}: ${state}${times}, ${ageText(atMs, nowMs)}: ${reason}`;
    }),
  );
}
