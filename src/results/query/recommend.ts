import { STALE_AFTER_DAYS } from "../../evidence/method.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { distribution, type Distribution } from "../../evidence/statistics.ts";
import type { Category } from "../../evidence/suite.ts";
import { configurations, type ConfigurationResult } from "./configurations.ts";
import { confidenceOf, isStale, type Confidence } from "./coverage.ts";
import { loadFigures, type LoadFigures } from "./load-figures.ts";
import { rankCandidates, type Candidate } from "./rank-candidates.ts";
import { ownRecords, soundRecords } from "./record-quality.ts";
import { warningsFor, whyText } from "./recommendation-reasons.ts";
import type { SizePreference } from "./size-preference.ts";

export const TASKS = ["coding", "context_heavy", "reasoning", "mixed"] as const;
export type Task = (typeof TASKS)[number];
export const BUDGETS = ["under-1", "1-3", "over-3", "none"] as const;
export type Budget = (typeof BUDGETS)[number];

export interface RecommendQuestion {
  readonly records: readonly BenchmarkRecord[];
  readonly task: Task;
  readonly budget: Budget;
  readonly size: SizePreference;
  /** Requests in flight at once, default 1. More are answered by measured load levels of at least as many. */
  readonly users?: number;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** Default 30. */
  readonly staleAfterDays?: number;
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
  /** Older than `staleAfterDays`. */
  readonly stale: boolean;
  /** The load level behind it; undefined for one user. */
  readonly load: LoadFigures | undefined;
  readonly warnings: readonly string[];
  readonly why: string;
}

/** A configuration outside the budget. */
export interface OutsideBudget {
  readonly configuration: ConfigurationResult;
  readonly load: LoadFigures | undefined;
}

export interface RecommendAnswer {
  readonly recommendations: readonly Recommendation[];
  /** Configurations to measure again: those tied with a recommended one, or else those without high confidence. */
  readonly unsettled: readonly ConfigurationResult[];
  /** Number of configurations that match task, budget and users. */
  readonly candidates: number;
  /** Number of their passes. */
  readonly runs: number;
  /** Configurations that match them, but whose passes vary too much to be ranked. */
  readonly unstable: readonly ConfigurationResult[];
  /** Whether the size preference decided the order of any recommendation. */
  readonly sizeDecided: boolean;
  /**
   * The best configuration outside the budget that is cheaper per hour and faster than the first recommendation, or the
   * best of all if nothing matches the budget.
   */
  readonly outsideBudget: OutsideBudget | undefined;
  /** Number of configurations that were not measured with as many requests in flight as there are users. */
  readonly notMeasuredAtLoad: number;
  /** The highest number of requests in flight at which anything was measured. */
  readonly highestLoad: number;
  /** Sound imported records, left out without `withImported`. */
  readonly importedLeftOut: number;
}

const CONFIDENCE_ORDER: Readonly<Record<Confidence, number>> = { High: 0, Medium: 1, Low: 2 };

/**
 * Recommends the best configurations for a task, ordered by confidence, then tokens per second per dollar, then the
 * preferred model size. For several users, the speed is that of the lowest sound load level with at least as many
 * requests in flight; if it has more, only the users' share of its throughput counts.
 */
export function recommend(question: RecommendQuestion): RecommendAnswer {
  const { task, budget, users = 1, limit = 3 } = question;
  const records = question.withImported === true ? question.records : ownRecords(question.records);
  const rows = (task === "mixed" ? withAllTasks(records) : configurations(records, task)).filter(
    ({ hourlyUsd }) => hourlyUsd > 0,
  );
  const measured = rows.flatMap((row) => candidateFor(row, users) ?? []);
  const affordable = measured.filter(({ row }) => isWithin(budget, row.hourlyUsd));
  const candidates = affordable.filter(({ unstable }) => !unstable);
  const all = ranked(candidates, question);
  const best = all.slice(0, limit);
  return {
    recommendations: best.map(({ recommendation }) => recommendation),
    unsettled: unsettledOf(all, best),
    candidates: candidates.length,
    runs: candidates.reduce((sum, { rates }) => sum + rates.length, 0),
    unstable: affordable.filter(({ unstable }) => unstable).map(({ row }) => row),
    sizeDecided: best.some(({ orderedBySize }) => orderedBySize),
    outsideBudget: betterOutside(measured, best[0], budget),
    notMeasuredAtLoad: rows.length - measured.length,
    highestLoad: users === 1 ? 1 : highestLoad(rows),
    importedLeftOut: soundRecords(question.records).length - soundRecords(records).length,
  };
}

function candidateFor(row: ConfigurationResult, users: number): Candidate | undefined {
  if (users === 1) return candidateOf(row, row.speeds, row.speed, undefined);
  const load = loadFigures(row).find(
    ({ inFlight, rates }) => inFlight >= users && rates.length > 0,
  );
  if (load === undefined) return undefined;
  const rates = load.rates.map((rate) => (rate * users) / load.inFlight);
  return candidateOf(row, rates, distribution(rates), load);
}

function candidateOf(
  row: ConfigurationResult,
  rates: readonly number[],
  { median, unstable }: Distribution,
  load: LoadFigures | undefined,
): Candidate {
  return { row, rates, tokensPerSec: median, unstable, efficiency: median / row.hourlyUsd, load };
}

interface Ranked {
  readonly recommendation: Recommendation;
  readonly candidate: Candidate;
  readonly orderedBySize: boolean;
}

function ranked(candidates: readonly Candidate[], question: RecommendQuestion): readonly Ranked[] {
  const { nowMs, size, staleAfterDays = STALE_AFTER_DAYS, task } = question;
  const groups = Map.groupBy(candidates, ({ rates }) => confidenceOf(rates.length));
  const found: Ranked[] = [];
  for (const [confidence, group] of [...groups].toSorted(
    ([a], [b]) => CONFIDENCE_ORDER[a] - CONFIDENCE_ORDER[b],
  )) {
    const before = found.length;
    for (const place of rankCandidates(group, size)) {
      const { candidate, orderedBySize, tied } = place;
      const { row, load } = candidate;
      const stale = isStale(row.lastMs, nowMs, staleAfterDays);
      const recommendation = {
        rank: before + place.rank,
        tied,
        configuration: row,
        confidence,
        stale,
        load,
        warnings: warningsFor(place, { mixed: task === "mixed", stale, staleAfterDays }),
        why: whyText(place, confidence, size),
      };
      found.push({ recommendation, candidate, orderedBySize });
    }
  }
  return found;
}

function unsettledOf(
  all: readonly Ranked[],
  best: readonly Ranked[],
): readonly ConfigurationResult[] {
  const ties = new Set(best.flatMap(({ recommendation: { tied, rank } }) => (tied ? [rank] : [])));
  const unsettled =
    ties.size > 0
      ? all.filter(({ recommendation }) => ties.has(recommendation.rank))
      : best.filter(({ recommendation }) => recommendation.confidence !== "High");
  return unsettled.map(({ recommendation }) => recommendation.configuration);
}

function betterOutside(
  candidates: readonly Candidate[],
  first: Ranked | undefined,
  budget: Budget,
): OutsideBudget | undefined {
  const outside = candidates.filter(
    ({ row, unstable }) => !unstable && !isWithin(budget, row.hourlyUsd),
  );
  const chosen = first?.candidate;
  const better =
    chosen === undefined
      ? outside
      : outside.filter(
          ({ row, tokensPerSec }) =>
            row.hourlyUsd < chosen.row.hourlyUsd && tokensPerSec > chosen.tokensPerSec,
        );
  const [best] = better.toSorted((a, b) => b.efficiency - a.efficiency);
  return best === undefined ? undefined : { configuration: best.row, load: best.load };
}

function highestLoad(rows: readonly ConfigurationResult[]): number {
  const levels = rows.flatMap((row) => loadFigures(row)).filter(({ rates }) => rates.length > 0);
  return Math.max(1, ...levels.map(({ inFlight }) => inFlight));
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
