import { OTHER_VM_THRESHOLD, ranksWithTies } from "../../evidence/comparison.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import type { Category } from "../../evidence/suite.ts";
import { ownRecords } from "./record-quality.ts";
import { configurations, type ConfigurationResult } from "./configurations.ts";
import { confidenceOf, type Confidence } from "./coverage.ts";
import { bySize, paramsB, type SizePreference } from "./size-preference.ts";

export const TASKS = ["coding", "context_heavy", "reasoning", "mixed"] as const;
export type Task = (typeof TASKS)[number];
export const BUDGETS = ["under-1", "1-3", "over-3", "none"] as const;
export type Budget = (typeof BUDGETS)[number];

export interface RecommendQuestion {
  readonly records: readonly BenchmarkRecord[];
  readonly task: Task;
  readonly budget: Budget;
  readonly size: SizePreference;
  /** Default 3. */
  readonly limit?: number;
  /** Includes imported records. */
  readonly withImported?: boolean;
}

export interface Recommendation {
  /** From 1. Configurations that show no difference share a rank; single passes are ranked by their figures. */
  readonly rank: number;
  readonly tied: boolean;
  readonly configuration: ConfigurationResult;
  readonly confidence: Confidence;
  readonly warnings: readonly string[];
  readonly why: string;
}

export interface RecommendAnswer {
  readonly recommendations: readonly Recommendation[];
  /** Configurations to measure again: those tied with a recommended one, or else those without high confidence. */
  readonly unsettled: readonly ConfigurationResult[];
  /** Number of configurations that match task and budget. */
  readonly candidates: number;
  /** Number of their sound records. */
  readonly runs: number;
  /** Configurations that match task and budget, but whose passes vary too much to be ranked. */
  readonly unstable: readonly ConfigurationResult[];
}

/** Efficiencies within 10 % count as equal and are ordered by size: passes of a stable configuration vary as much. */
const NEARLY_EQUAL = 0.1;
const CONFIDENCE_ORDER: Readonly<Record<Confidence, number>> = { High: 0, Medium: 1, Low: 2 };

/**
 * Recommends the best configurations for a task, ordered by confidence, then tokens per second per dollar, then the
 * preferred model size. Configurations whose passes show no difference in efficiency are tied; within a tie, the size
 * decides among those within 10 %. Single passes cannot show a difference, so they are ranked by their figures, and
 * the size decides within 10 % too.
 */
export function recommend(question: RecommendQuestion): RecommendAnswer {
  const { task, budget, size, limit = 3 } = question;
  const records = question.withImported === true ? question.records : ownRecords(question.records);
  const forTask = task === "mixed" ? withAllTasks(records) : configurations(records, task);
  const affordable = forTask.filter(
    ({ hourlyUsd }) => hourlyUsd > 0 && isWithin(budget, hourlyUsd),
  );
  const candidates = affordable.filter(({ speed }) => !speed.unstable);
  const ranked = candidates
    .map((configuration) => ({ configuration, confidence: confidenceOf(configuration.speed.n) }))
    .toSorted((a, b) => CONFIDENCE_ORDER[a.confidence] - CONFIDENCE_ORDER[b.confidence]);
  const all: Recommendation[] = [];
  for (const [confidence, group] of Map.groupBy(ranked, (one) => one.confidence)) {
    const rows = group.map(({ configuration }) => configuration);
    const ranksBefore = all.length;
    for (const { row, rank, tied, orderedBySize } of rankRows(rows, size)) {
      all.push({
        rank: ranksBefore + rank,
        tied,
        configuration: row,
        confidence,
        warnings: warningsFor(row, task),
        why: whyText(row, confidence, tied, orderedBySize ? size : undefined),
      });
    }
  }
  const recommendations = all.slice(0, limit);
  const tiedRanks = new Set(recommendations.flatMap(({ tied, rank }) => (tied ? [rank] : [])));
  const unsettled =
    tiedRanks.size > 0
      ? all.filter(({ rank }) => tiedRanks.has(rank))
      : recommendations.filter(({ confidence }) => confidence !== "High");
  return {
    recommendations,
    unsettled: unsettled.map(({ configuration }) => configuration),
    candidates: candidates.length,
    runs: candidates.reduce((sum, { speed }) => sum + speed.n, 0),
    unstable: affordable.filter(({ speed }) => speed.unstable),
  };
}

interface RankedRow {
  readonly row: ConfigurationResult;
  readonly rank: number;
  readonly tied: boolean;
  /** Others have nearly the same efficiency, so the preferred size decided the order. */
  readonly orderedBySize: boolean;
}

/** Ranks configurations of equal confidence, best first. */
function rankRows(
  rows: readonly ConfigurationResult[],
  size: SizePreference,
): readonly RankedRow[] {
  const ranks = ranksWithTies(rows.map(efficiencies), OTHER_VM_THRESHOLD);
  const ranked = rows.map((row, index) => ({ row, rank: ranks[index] ?? 1 }));
  return [...Map.groupBy(ranked, ({ rank }) => rank)]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([rank, ties]) => {
      let before = 0;
      return efficiencyBands(ties.map(({ row }) => row)).flatMap((band) => {
        const singlePasses = band.every(({ speed }) => speed.n === 1);
        const place = {
          rank: singlePasses ? rank + before : rank,
          tied: singlePasses ? band.length > 1 : ties.length > 1,
          orderedBySize: band.length > 1,
        };
        before += band.length;
        return band.toSorted(bySize(size)).map((row) => ({ row, ...place }));
      });
    });
}

/** Groups configurations whose efficiency is nearly equal to the best of their group, best group first. */
function efficiencyBands(rows: readonly ConfigurationResult[]): ConfigurationResult[][] {
  const bands: ConfigurationResult[][] = [];
  for (const row of rows.toSorted((a, b) => b.efficiency - a.efficiency)) {
    const band = bands.at(-1);
    const best = band?.[0];
    if (best !== undefined && row.efficiency * (1 + NEARLY_EQUAL) >= best.efficiency)
      band?.push(row);
    else bands.push([row]);
  }
  return bands;
}

/** For mixed use, a record must have all three categories. */
function withAllTasks(records: readonly BenchmarkRecord[]): ConfigurationResult[] {
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

/** Whether a price in US dollars per hour is in a range; `1-3` includes both ends. */
export function isWithin(budget: Budget, hourlyUsd: number): boolean {
  return WITHIN[budget](hourlyUsd);
}

function efficiencies({ speeds, hourlyUsd }: ConfigurationResult): number[] {
  return speeds.map((speed) => speed / hourlyUsd);
}

function warningsFor(row: ConfigurationResult, task: Task): string[] {
  const { speed, vms, simulated, origin } = row;
  const warnings: string[] = [];
  if (origin !== undefined) warnings.push(`Imported: measured by ${origin}`);
  if (simulated) warnings.push("SIMULATED: not a measurement of a real GPU");
  if (speed.n === 1) warnings.push("Single benchmark - results may vary");
  if (speed.n === 2) warnings.push("Based on limited data (2 runs)");
  if (speed.n > 1 && vms === 1) warnings.push("All passes on 1 VM");
  if (task === "mixed") warnings.push("Averaged across all task categories");
  return warnings;
}

function whyText(
  row: ConfigurationResult,
  confidence: Confidence,
  tied: boolean,
  decidingSize: SizePreference | undefined,
): string {
  const { efficiency, speed, vramGb } = row;
  const passes = `${speed.n} ${speed.n === 1 ? "pass" : "passes"}`;
  const value = `${efficiency.toFixed(1)} tokens/s for each $/hour`;
  const params = paramsB(row);
  const sizes = `${params === undefined ? "" : `${params}B on `}${vramGb > 0 ? `${vramGb} GB` : "unknown VRAM"}`;
  const sizeText =
    decidingSize === undefined
      ? ""
      : `${speed.n === 1 ? "; others" : ", and others"} are within 10 %, so size decided (${decidingSize}: ${sizes})`;
  const tieText = tied && speed.n > 1 ? "; no difference shown to its neighbours" : "";
  const singleText = speed.n === 1 ? "; a single pass cannot settle its place" : "";
  return `${confidence.toLowerCase()} confidence (${passes}), ${value}${singleText}${tieText}${sizeText}`;
}
