import type { BenchmarkRecord } from "../../evidence/record.ts";
import {
  rejectedRecords,
  configurations,
  type RejectedRecord,
  type ConfigurationResult,
} from "./configurations.ts";
import { comparableRows, type ApartRow } from "./comparable-rows.ts";
import { comparabilityWarnings } from "./comparability-warnings.ts";
import { byMetric, metricOf, metricOfRecord, type SortMetric } from "./sort-metric.ts";
import { tiesWith } from "./ties.ts";
import { joinUnranked, unrankedRecord, unrankedRow, type Unranked } from "./unranked.ts";

export interface CompareFilter {
  /** Exact GPU type. */
  readonly gpuType?: string | undefined;
  /** `7b`, `14b`, `30b`, `70b`, or whatever a record says. */
  readonly modelCategory?: string | undefined;
  readonly taskCategory?: string | undefined;
}

export interface CompareQuestion extends CompareFilter {
  readonly records: readonly BenchmarkRecord[];
  readonly sortBy: SortMetric;
  /** Passes that the journals know and the database does not. */
  readonly unsound?: readonly Unranked[];
  /** Ranks imported records with one's own; else they have a ranking of their own. */
  readonly withImported?: boolean;
  /** Ranks only what was measured alike; else all is ranked, and `mixed` tells in what it differs. */
  readonly onlyAlike?: boolean;
}

export interface CompareAnswer {
  /** A row for each configuration, best first. */
  readonly rows: readonly ConfigurationResult[];
  /** Rows that show no difference to the first. */
  readonly tied: readonly ConfigurationResult[];
  /** Not ranked with them, since they were measured in another way; empty unless `onlyAlike`. */
  readonly apart: readonly ApartRow[];
  /** The same for what was imported, where it is ranked apart. */
  readonly imported: readonly ConfigurationResult[];
  /** Their runs differ too much to rank them. */
  readonly unstable: readonly ConfigurationResult[];
  /** The sound records behind all, in the same order of merit. */
  readonly records: readonly BenchmarkRecord[];
  readonly recordCount: number;
  /** Of the database, but not sound, each with its reason. */
  readonly rejectedRecords: readonly RejectedRecord[];
  /** All that is not ranked: not sound, unstable, and what only the journals know. */
  readonly unranked: readonly Unranked[];
  /** Why the rows are not alike, for the user. */
  readonly mixed: readonly string[];
}

export function compare(question: CompareQuestion): CompareAnswer {
  const { taskCategory, sortBy, withImported = false } = question;
  const chosen = filterRecords(question.records, question);
  const all = configurations(chosen, taskCategory).toSorted((a, b) =>
    byMetric(sortBy, metricOf(a), metricOf(b)),
  );
  const stable = all.filter(({ speed }) => !speed.unstable);
  const unstable = all.filter(({ speed }) => speed.unstable);
  const [own, imported] = withImported
    ? [stable, []]
    : [
        stable.filter(({ origin }) => origin === undefined),
        stable.filter(({ origin }) => origin !== undefined),
      ];
  const { rows, apart } =
    question.onlyAlike === true ? comparableRows(own) : { rows: own, apart: [] };
  const notSound = rejectedRecords(chosen);
  const [best, ...others] = rows;
  return {
    rows,
    tied: best === undefined ? [] : tiesWith(best, others, sortBy),
    apart,
    imported,
    unstable,
    // A table needs none of them, and to sort ten thousand takes longer than all the rest.
    get records() {
      return inOrderOfMerit(chosen, all, question);
    },
    recordCount: all.reduce((sum, { records }) => sum + records.length, 0),
    rejectedRecords: notSound,
    unranked: joinUnranked([
      ...unstable.map(unrankedRow),
      ...notSound.map(unrankedRecord),
      ...(question.unsound ?? []).filter((one) => isMeant(one, question)),
    ]),
    mixed: comparabilityWarnings(rows, taskCategory),
  };
}

function inOrderOfMerit(
  chosen: readonly BenchmarkRecord[],
  all: readonly ConfigurationResult[],
  { sortBy, taskCategory }: CompareQuestion,
): BenchmarkRecord[] {
  const kept = new Set(all.flatMap(({ records }) => records));
  return chosen
    .filter((record) => kept.has(record))
    .map((record) => ({ record, metrics: metricOfRecord(record, taskCategory) }))
    .toSorted((a, b) => byMetric(sortBy, a.metrics, b.metrics))
    .map(({ record }) => record);
}

function isMeant(one: Unranked, filter: CompareFilter): boolean {
  const { taskCategory } = filter;
  return (
    same(filter.gpuType, one.gpu) &&
    (one.modelCategory === undefined || same(filter.modelCategory, one.modelCategory)) &&
    (taskCategory === undefined || one.categories?.includes(taskCategory) !== false)
  );
}

function same(wanted: string | undefined, found: string): boolean {
  return wanted === undefined || wanted.toLowerCase() === found.toLowerCase();
}

/** The records that a query speaks of, in their order; words are compared without regard to case. */
export function filterRecords(
  records: readonly BenchmarkRecord[],
  filter: CompareFilter,
): BenchmarkRecord[] {
  return records.filter(
    (record) =>
      same(filter.gpuType, record.gpu_type) &&
      same(filter.modelCategory, record.model_category) &&
      (filter.taskCategory === undefined ||
        Object.hasOwn(record.results_by_category, filter.taskCategory)),
  );
}
