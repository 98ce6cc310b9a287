import { findModel } from "../catalog/model-catalog.ts";
import { gpuName, modelName } from "../catalog/short-names.ts";
import type { PairOffer } from "../estimate/rebench-cost.ts";
import type { ConfigurationResult } from "../results/query/configurations.ts";
import { ageText } from "../results/query/coverage.ts";
import type { LoadFigures } from "../results/query/load-figures.ts";
import type { Recommendation, RecommendAnswer } from "../results/query/recommend.ts";
import { shellWord } from "../support/shell-word.ts";
import { knownText, speedText } from "./format.ts";
import { loadText } from "./load-table.ts";
import { pairLines } from "./rebench-cost-text.ts";
import { indentLines, type TableStyle } from "./render-table.ts";

/** What `recommend` was asked, as far as its answer repeats it. */
interface Asked {
  readonly budget: string;
  readonly size: string;
  readonly users: number;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** The answer of `recommend`. @param more what would settle it, and at what cost */
export function recommendationText(
  answer: RecommendAnswer,
  more: readonly PairOffer[],
  asked: Asked,
  style: TableStyle,
): string {
  const { recommendations, runs } = answer;
  const blocks =
    recommendations.length === 0
      ? [nothingText(answer, asked, style)]
      : [
          ...recommendations.map((one) => blockOf(one, asked, style)),
          indentLines(noteLines(answer, asked), style.width),
        ];
  const settle = recommendations.some(({ tied }) => tied)
    ? "To settle the tie:"
    : "To be more certain:";
  return `${[
    ...blocks.filter((block) => block !== ""),
    ...(more.length === 0 ? [] : [[settle, indentLines(offerLines(more), style.width)].join("\n")]),
    ...unstableText(answer, style),
    ...(runs === 0 ? [] : [`Based on ${runs} benchmark results`]),
  ].join("\n\n")}\n`;
}

function blockOf(
  { rank, tied, configuration: row, confidence, load, warnings, why }: Recommendation,
  { nowMs, users }: Asked,
  style: TableStyle,
): string {
  const passes = row.speed.n === 1 ? "1 pass" : `${row.speed.n} passes`;
  const memory = row.vramGb > 0 ? `${row.vramGb}GB` : "unknown";
  return [
    `#${rank}${tied ? " (tied)" : ""}  ${gpuName(row.gpu)}  ${row.name}`,
    indentLines(
      [
        `${row.gpu}, ${row.model}`,
        ...(load === undefined ? [] : [`For ${users} users: ${loadText(load)}`]),
        `${load === undefined ? "Throughput" : "For 1 user"}: ${speedText(row, style)} tokens/sec`,
        `Cost: ${costText(row)}`,
        `Hourly: $${row.hourlyUsd.toFixed(2)}  VRAM: ${memory}  Efficiency: ${row.efficiency.toFixed(1)}`,
        `Confidence: ${confidence} (${passes}, the newest ${ageText(row.lastMs, nowMs)})`,
        `Why: ${why}`,
        ...warnings.map((text) => `⚠ ${text}`),
      ],
      style.width,
    ),
  ].join("\n");
}

function costText({ costPer1k, costPer1M }: ConfigurationResult): string {
  return `$${costPer1k.toFixed(4)} per 1K tokens, $${costPer1M.toFixed(2)} per 1M`;
}

function noteLines(answer: RecommendAnswer, { budget, size, users }: Asked): string[] {
  const { notMeasuredAtLoad, outsideBudget, recommendations, sizeDecided } = answer;
  const [first] = recommendations;
  return [
    ...(outsideBudget === undefined
      ? []
      : [
          `Outside the budget ${budget}, cheaper and faster: ${outsideText(outsideBudget.configuration, outsideBudget.load)}`,
        ]),
    ...(sizeDecided || recommendations.length < 2
      ? []
      : [`The size preference (${size}) decided nothing: no two of these are within 10 %`]),
    ...(notMeasuredAtLoad === 0
      ? []
      : [
          `${notMeasuredAtLoad} more were not measured with ${users} requests in flight: add load: [1, ${users}] to their plan`,
        ]),
    ...(first === undefined
      ? []
      : [
          `To use ${recommendations.length > 1 ? "the first" : "it"}: ${upCommand(first.configuration)}`,
        ]),
  ];
}

function nothingText(answer: RecommendAnswer, asked: Asked, style: TableStyle): string {
  const { highestLoad, importedLeftOut, notMeasuredAtLoad, outsideBudget, unstable } = answer;
  const { budget, users } = asked;
  if (unstable.length > 0)
    return "Nothing can be recommended yet: no configuration has passes that agree.";
  const reasons = [
    ...(notMeasuredAtLoad === 0 || highestLoad >= users
      ? []
      : [
          `Nothing was measured with ${users} requests in flight; the highest load is ${highestLoad}. Add load: [1, ${users}] to a plan, or ask for fewer users`,
        ]),
    ...(outsideBudget === undefined
      ? []
      : [
          `Nothing meets the budget ${budget}. The best outside it: ${outsideText(outsideBudget.configuration, outsideBudget.load)}`,
        ]),
    ...(importedLeftOut === 0
      ? []
      : [`${importedLeftOut} imported results were left out: --with-imported includes them`]),
  ];
  return `${NO_RECOMMENDATION}${reasons.length === 0 ? "" : `\n${indentLines(reasons, style.width)}`}`.trimEnd();
}

function outsideText(row: ConfigurationResult, load: LoadFigures | undefined): string {
  const figures =
    load === undefined
      ? `${row.speed.median.toFixed(1)} tokens/s, ${knownText(row.costPer1M, 2, "$")} per 1M tokens`
      : loadText(load);
  return `${gpuName(row.gpu)} ${row.name} at $${row.hourlyUsd.toFixed(2)} an hour, ${figures}`;
}

const MOST_UNSTABLE = 3;

function unstableText({ unstable }: RecommendAnswer, style: TableStyle): string[] {
  const lines = unstable
    .slice(0, MOST_UNSTABLE)
    .map(
      ({ gpu, model, name }) =>
        `${gpuName(gpu)} ${name}; more passes would settle it: maider-sweep rebench --gpu ${shellWord(gpuName(gpu))} --model ${shellWord(typedName(model))}`,
    );
  const left = unstable.length - lines.length;
  if (left > 0) lines.push(`and ${left} more`);
  return lines.length === 0
    ? []
    : [`Not ranked, because passes differ too much:\n${indentLines(lines, style.width)}`];
}

const MOST_OFFERS = 8;

/** Configurations that differ only in their settings share a command. */
function offerLines(more: readonly PairOffer[]): string[] {
  const lines = [...new Set(pairLines(more))];
  const left = lines.length - MOST_OFFERS;
  return [
    ...lines.slice(0, MOST_OFFERS),
    ...(left > 0 ? [`and ${left} more: maider-sweep recommend --json lists them`] : []),
  ];
}

/** Two hours are the least that start-up and an hour of use take. */
const HOURS_OF_USE = 2;

function upCommand({ gpu, model, hourlyUsd }: ConfigurationResult): string {
  const dollars = Math.ceil(HOURS_OF_USE * hourlyUsd);
  return `maider-sweep up --gpu ${shellWord(gpuName(gpu))} --model ${shellWord(typedName(model))} --max-cost ${dollars}`;
}

/** The short name, or the id of a model that is not in the catalogue. */
function typedName(model: string): string {
  return findModel(model) === undefined ? model : modelName(model);
}

/** The guide's four hints. */
export const NO_RECOMMENDATION = `No recommendations found.
  1. Run benchmarks first: maider-sweep init writes a plan, maider-sweep run PLAN measures it
  2. Relax the budget (--budget none)
  3. Choose another task (--task mixed)
  4. See what the database holds: maider-sweep benchmark-status
`;
