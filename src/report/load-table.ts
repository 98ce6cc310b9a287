import { gpuName } from "../catalog/short-names.ts";
import type { ConfigurationResult } from "../results/query/configurations.ts";
import { loadFigures, type LoadFigures } from "../results/query/load-figures.ts";
import { knownText } from "./format.ts";
import { renderTable, type TableStyle } from "./render-table.ts";

/** A row for each load level of each configuration; undefined if none was measured under load. */
export function loadTable(
  results: readonly ConfigurationResult[],
  style: TableStyle,
): string | undefined {
  const rows = results.flatMap((result) =>
    loadFigures(result).map((load) => [
      gpuName(result.gpu),
      result.name,
      String(load.inFlight),
      figureText(load.tokensPerSec, 1),
      figureText(load.perUserTokensPerSec, 1),
      figureText(load.costPer1M, 2),
      load.ttftMs === undefined ? "-" : `${load.ttftMs.toFixed(0)}ms`,
      passesText(load),
    ]),
  );
  if (rows.length === 0) return undefined;
  return renderTable(
    [
      { head: "GPU Type", shrinks: true },
      { head: "Model", shrinks: true },
      { head: "In flight", align: "right" },
      { head: "Tokens/s", align: "right" },
      { head: "Per user", align: "right" },
      { head: "$/1M", align: "right" },
      { head: "TTFT", align: "right", optional: true },
      { head: "Passes", align: "right", optional: true },
    ],
    rows,
    style,
  );
}

/** `212.4 tokens/s with 4 in flight, 53.1 for each user, $0.68 per 1M tokens`. */
export function loadText(load: LoadFigures): string {
  const { inFlight, tokensPerSec = NaN, perUserTokensPerSec = NaN, costPer1M = NaN } = load;
  return `${knownText(tokensPerSec, 1)} tokens/s with ${inFlight} in flight, ${knownText(perUserTokensPerSec, 1)} for each user, ${knownText(costPer1M, 2, "$")} per 1M tokens`;
}

function figureText(value: number | undefined, digits: number): string {
  return value === undefined ? "-" : value.toFixed(digits);
}

/** `3`, or `2 of 3` if one was not sound. */
function passesText({ rates, unsound }: LoadFigures): string {
  return unsound === 0 ? String(rates.length) : `${rates.length} of ${rates.length + unsound}`;
}
