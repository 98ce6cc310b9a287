import type { BenchmarkRecord } from "../evidence/record.ts";
import { byMetric, metricOf, type SortMetric } from "../results/query/sort-metric.ts";
import type { ConfigurationResult } from "../results/query/configurations.ts";
import { recommend, type Task } from "../results/query/recommend.ts";
import { tiesWith } from "../results/query/ties.ts";

/** The answer to one question, and the configurations that tie with it. */
export interface Decision {
  readonly question: string;
  /** Undefined for the fastest and the cheapest of all. */
  readonly task?: Task;
  /** How the winner is chosen. */
  readonly rule: string;
  readonly winner: ConfigurationResult | undefined;
  readonly why: string;
  readonly warnings: readonly string[];
  /** Configurations whose passes show no difference to the winner. */
  readonly ties: readonly ConfigurationResult[];
}

const TASKS: readonly (readonly [Task, string])[] = [
  ["coding", "Best for coding"],
  ["context_heavy", "Best for context-heavy work"],
  ["reasoning", "Best for reasoning"],
];

/**
 * The questions of a reader, in the order of the page.
 * @param records those that count
 * @param ranked their configurations, without those that are unstable
 */
export function decisions(
  records: readonly BenchmarkRecord[],
  ranked: readonly ConfigurationResult[],
  nowMs: number,
): readonly Decision[] {
  return [
    ...TASKS.map(([task, question]) => bestFor(records, nowMs, task, question)),
    best(ranked, "tokens_per_sec", "Fastest", "the highest median speed over all tests"),
    best(
      ranked,
      "cost_per_1k_tokens",
      "Cheapest per token",
      "the lowest price of an output token while the server is busy",
    ),
  ];
}

function bestFor(
  records: readonly BenchmarkRecord[],
  nowMs: number,
  task: Task,
  question: string,
): Decision {
  const { recommendations } = recommend({
    records,
    nowMs,
    task,
    budget: "none",
    size: "balanced",
    limit: Infinity,
    withImported: true,
  });
  const [first, ...others] = recommendations;
  return {
    question,
    task,
    rule: "by confidence, then tokens a second for each dollar an hour, then a balanced size",
    winner: first?.configuration,
    why: first?.why ?? "",
    warnings: first?.warnings ?? [],
    ties: others
      .filter(({ rank }) => rank === first?.rank)
      .map(({ configuration }) => configuration),
  };
}

function best(
  rows: readonly ConfigurationResult[],
  metric: SortMetric,
  question: string,
  rule: string,
): Decision {
  const priced = metric === "tokens_per_sec" ? rows : rows.filter(({ hourlyUsd }) => hourlyUsd > 0);
  const [winner, ...others] = priced.toSorted((a, b) => byMetric(metric, metricOf(a), metricOf(b)));
  const ties = winner === undefined ? [] : tiesWith(winner, others, metric);
  return {
    question,
    rule,
    winner,
    why: "",
    warnings: winner === undefined ? [] : warningsFor(winner),
    ties,
  };
}

function warningsFor({ speed, simulated }: ConfigurationResult): string[] {
  return [
    ...(simulated ? ["SIMULATED: not a measurement of a real GPU"] : []),
    ...(speed.n === 1 ? ["Single benchmark - results may vary"] : []),
    ...(speed.n === 2 ? ["Based on limited data (2 passes)"] : []),
  ];
}
