import { OTHER_VM_THRESHOLD, ranksWithTies } from "../evidence/comparison.ts";
import type { BenchmarkRecord } from "../evidence/record.ts";
import type { Category } from "../evidence/suite.ts";
import { ownRecords } from "./evidence-of-record.ts";
import { configurations, type ConfigurationResult } from "./configurations.ts";
import { confidenceOf, type Confidence } from "./coverage.ts";

export const TASKS = ["coding", "context_heavy", "reasoning", "mixed"] as const;
export type Task = (typeof TASKS)[number];
export const BUDGETS = ["under-1", "1-3", "over-3", "none"] as const;
export type Budget = (typeof BUDGETS)[number];
export const SIZES = ["smallest", "balanced", "largest"] as const;
export type SizePreference = (typeof SIZES)[number];

export interface RecommendQuestion {
  readonly records: readonly BenchmarkRecord[];
  readonly task: Task;
  readonly budget: Budget;
  readonly size: SizePreference;
  /** Default 3. */
  readonly limit?: number;
  /** Counts imported records as one's own. */
  readonly withImported?: boolean;
}

export interface Recommendation {
  /** From 1; two that cannot be told apart have the same. */
  readonly rank: number;
  readonly tied: boolean;
  readonly configuration: ConfigurationResult;
  readonly confidence: Confidence;
  readonly warnings: readonly string[];
  readonly why: string;
}

export interface RecommendAnswer {
  readonly recommendations: readonly Recommendation[];
  /** Configurations that met task and budget. */
  readonly candidates: number;
  /** Sound records behind them. */
  readonly runs: number;
  /** Met task and budget, but their runs differ too much to say anything. */
  readonly unstable: readonly ConfigurationResult[];
}

/** The VRAM to which "balanced" keeps nearest, GB: that of the middle of the range. */
const BALANCED_VRAM_GB = 72;
const CONFIDENCE_ORDER: Readonly<Record<Confidence, number>> = { High: 0, Medium: 1, Low: 2 };

/**
 * The best configurations for a task, the guide's order: confidence, tokens a second for each dollar, then the
 * preferred size. Efficiencies whose passes show no difference are a tie, which the size decides.
 */
export function recommend(question: RecommendQuestion): RecommendAnswer {
  const { task, budget, size, limit = 3 } = question;
  const records = question.withImported === true ? question.records : ownRecords(question.records);
  const all = task === "mixed" ? mixed(records) : configurations(records, task);
  const met = all.filter(({ hourlyUsd }) => hourlyUsd > 0 && isWithin(budget, hourlyUsd));
  const candidates = met.filter(({ speed }) => !speed.unstable);
  const ranked = candidates
    .map((configuration) => ({ configuration, confidence: confidenceOf(configuration.speed.n) }))
    .toSorted((a, b) => CONFIDENCE_ORDER[a.confidence] - CONFIDENCE_ORDER[b.confidence]);
  const recommendations: Recommendation[] = [];
  for (const [confidence, group] of Map.groupBy(ranked, (one) => one.confidence)) {
    const rows = group.map(({ configuration }) => configuration);
    const options = { threshold: OTHER_VM_THRESHOLD, seed: task };
    const ranks = ranksWithTies(rows.map(efficiencies), options);
    const before = recommendations.length;
    const ordered = rows
      .map((configuration, index) => ({ configuration, rank: ranks[index] ?? 1 }))
      .toSorted(
        (a, b) =>
          a.rank - b.rank ||
          sizeDistance(size, a.configuration) - sizeDistance(size, b.configuration) ||
          b.configuration.efficiency - a.configuration.efficiency,
      );
    for (const { configuration, rank } of ordered) {
      const tied = ranks.filter((other) => other === rank).length > 1;
      recommendations.push({
        rank: before + rank,
        tied,
        configuration,
        confidence,
        warnings: warningsFor(configuration, task),
        why: whyText(configuration, confidence, tied, size),
      });
    }
  }
  return {
    recommendations: recommendations.slice(0, limit),
    candidates: candidates.length,
    runs: candidates.reduce((sum, { speed }) => sum + speed.n, 0),
    unstable: met.filter(({ speed }) => speed.unstable),
  };
}

/** For mixed use a record counts only when it holds all that is mixed. */
function mixed(records: readonly BenchmarkRecord[]): ConfigurationResult[] {
  const categories: readonly Category[] = ["coding", "context_heavy", "reasoning"];
  return configurations(
    records.filter(({ results_by_category: results }) =>
      categories.every((category) => results[category] !== undefined),
    ),
  );
}

const WITHIN: Readonly<Record<Budget, (hourlyUsd: number) => boolean>> = {
  "under-1": (hourly) => hourly < 1,
  "1-3": (hourly) => hourly >= 1 && hourly <= 3,
  "over-3": (hourly) => hourly > 3,
  none: () => true,
};

/** US dollars an hour; both ends of the middle range are in it. */
export function isWithin(budget: Budget, hourlyUsd: number): boolean {
  return WITHIN[budget](hourlyUsd);
}

function efficiencies({ speeds, hourlyUsd }: ConfigurationResult): number[] {
  return speeds.map((speed) => speed / hourlyUsd);
}

function sizeDistance(size: SizePreference, { vramGb }: ConfigurationResult): number {
  if (size === "smallest") return vramGb;
  return size === "largest" ? -vramGb : Math.abs(vramGb - BALANCED_VRAM_GB);
}

function warningsFor(row: ConfigurationResult, task: Task): string[] {
  const { speed, vms, simulated, origin } = row;
  const found: string[] = [];
  if (origin !== undefined) found.push(`Imported: measured by ${origin}`);
  if (simulated) found.push("SIMULATED: not a measurement of a real GPU");
  if (speed.n === 1) found.push("Single benchmark - results may vary");
  if (speed.n === 2) found.push("Based on limited data (2 runs)");
  if (speed.n > 1 && vms === 1) found.push("All runs on 1 VM");
  if (task === "mixed") found.push("Averaged across all task categories");
  return found;
}

function whyText(
  { efficiency, speed, vramGb }: ConfigurationResult,
  confidence: Confidence,
  tied: boolean,
  size: SizePreference,
): string {
  const runs = `${speed.n} run${speed.n === 1 ? "" : "s"}`;
  const value = `${efficiency.toFixed(1)} tokens/s for each $/hour`;
  const tie = tied
    ? `; its neighbours show no difference, so size decided (${size}: ${vramGb} GB)`
    : "";
  return `${confidence.toLowerCase()} confidence (${runs}), ${value}${tie}`;
}
