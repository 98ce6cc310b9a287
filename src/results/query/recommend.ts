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
  /** What more runs would settle: all of a tie that reaches the top, else what is there without high confidence. */
  readonly unsettled: readonly ConfigurationResult[];
  /** Configurations that met task and budget. */
  readonly candidates: number;
  /** Sound records behind them. */
  readonly runs: number;
  /** Met task and budget, but their runs differ too much to say anything. */
  readonly unstable: readonly ConfigurationResult[];
}

/** Efficiencies within this share count as equal and are ordered by size; passes of a stable configuration vary as much. */
const NEAR = 0.1;
const CONFIDENCE_ORDER: Readonly<Record<Confidence, number>> = { High: 0, Medium: 1, Low: 2 };

/**
 * The best configurations for a task, the guide's order: confidence, tokens a second for each dollar, then the
 * preferred size of the model. Efficiencies whose passes show no difference are a tie, in which the size decides
 * among those within 10 %. Single runs can show nothing: their figures rank them, with the same 10 % for the size.
 */
export function recommend(question: RecommendQuestion): RecommendAnswer {
  const { task, budget, size, limit = 3 } = question;
  const records = question.withImported === true ? question.records : ownRecords(question.records);
  const asked = task === "mixed" ? mixed(records) : configurations(records, task);
  const met = asked.filter(({ hourlyUsd }) => hourlyUsd > 0 && isWithin(budget, hourlyUsd));
  const candidates = met.filter(({ speed }) => !speed.unstable);
  const ranked = candidates
    .map((configuration) => ({ configuration, confidence: confidenceOf(configuration.speed.n) }))
    .toSorted((a, b) => CONFIDENCE_ORDER[a.confidence] - CONFIDENCE_ORDER[b.confidence]);
  const all: Recommendation[] = [];
  for (const [confidence, group] of Map.groupBy(ranked, (one) => one.confidence)) {
    const rows = group.map(({ configuration }) => configuration);
    const before = all.length;
    for (const { row, rank, tied, sized } of inOrder(rows, size)) {
      all.push({
        rank: before + rank,
        tied,
        configuration: row,
        confidence,
        warnings: warningsFor(row, task),
        why: whyText(row, confidence, tied, sized ? size : undefined),
      });
    }
  }
  const recommendations = all.slice(0, limit);
  const ranks = new Set(recommendations.flatMap(({ tied, rank }) => (tied ? [rank] : [])));
  const unsettled =
    ranks.size > 0
      ? all.filter(({ rank }) => ranks.has(rank))
      : recommendations.filter(({ confidence }) => confidence !== "High");
  return {
    recommendations,
    unsettled: unsettled.map(({ configuration }) => configuration),
    candidates: candidates.length,
    runs: candidates.reduce((sum, { speed }) => sum + speed.n, 0),
    unstable: met.filter(({ speed }) => speed.unstable),
  };
}

interface Place {
  readonly row: ConfigurationResult;
  readonly rank: number;
  readonly tied: boolean;
  /** Others lie so near that the preferred size put it here. */
  readonly sized: boolean;
}

/** Orders configurations of equal confidence, best first. */
function inOrder(rows: readonly ConfigurationResult[], size: SizePreference): readonly Place[] {
  const shown = ranksWithTies(rows.map(efficiencies), OTHER_VM_THRESHOLD);
  const placed = rows.map((row, index) => ({ row, shown: shown[index] ?? 1 }));
  const ordered = [...Map.groupBy(placed, (one) => one.shown)]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([rank, equals]) => {
      const near = bands(equals.map(({ row }) => row));
      let before = 0;
      return near.flatMap((band) => {
        const single = band.every(({ speed }) => speed.n === 1);
        const place = {
          rank: single ? rank + before : rank,
          tied: single ? band.length > 1 : equals.length > 1,
          sized: band.length > 1,
        };
        before += band.length;
        return band.toSorted(bySize(size)).map((row) => ({ row, ...place }));
      });
    });
  return ordered;
}

/** Groups configurations whose efficiency is within `NEAR` of the best of their group. */
function bands(rows: readonly ConfigurationResult[]): ConfigurationResult[][] {
  const found: ConfigurationResult[][] = [];
  for (const row of rows.toSorted((a, b) => b.efficiency - a.efficiency)) {
    const band = found.at(-1);
    const best = band?.[0];
    if (band === undefined || best === undefined || row.efficiency * (1 + NEAR) < best.efficiency)
      found.push([row]);
    else band.push(row);
  }
  return found;
}

/** For mixed use a record must have all three categories. */
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

function warningsFor(row: ConfigurationResult, task: Task): string[] {
  const { speed, vms, simulated, origin } = row;
  const found: string[] = [];
  if (origin !== undefined) found.push(`Imported: measured by ${origin}`);
  if (simulated) found.push("SIMULATED: not a measurement of a real GPU");
  if (speed.n === 1) found.push("Single benchmark - results may vary");
  if (speed.n === 2) found.push("Based on limited data (2 runs)");
  if (speed.n > 1 && vms === 1) found.push("All passes on 1 VM");
  if (task === "mixed") found.push("Averaged across all task categories");
  return found;
}

function whyText(
  row: ConfigurationResult,
  confidence: Confidence,
  tied: boolean,
  decided: SizePreference | undefined,
): string {
  const { efficiency, speed, vramGb } = row;
  const passes = `${speed.n} ${speed.n === 1 ? "pass" : "passes"}`;
  const value = `${efficiency.toFixed(1)} tokens/s for each $/hour`;
  const params = paramsB(row);
  const bigness = `${params === undefined ? "" : `${params}B on `}${vramGb > 0 ? `${vramGb} GB` : "unknown VRAM"}`;
  const sized =
    decided === undefined
      ? ""
      : `${speed.n === 1 ? "; others" : ", and others"} are within 10 %, so size decided (${decided}: ${bigness})`;
  const tie = tied && speed.n > 1 ? "; no difference shown to its neighbours" : "";
  const single = speed.n === 1 ? "; a single pass cannot settle its place" : "";
  return `${confidence.toLowerCase()} confidence (${passes}), ${value}${single}${tie}${sized}`;
}
