import type { BenchmarkRecord } from "../../evidence/record.ts";
import {
  rejectedRecords,
  configurations,
  type RejectedRecord,
  type ConfigurationResult,
} from "./configurations.ts";
import { comparableRows, type IncomparableRow } from "./comparable-rows.ts";
import { comparabilityWarnings } from "./comparability-warnings.ts";
import { byMetric, metricOf, metricOfRecord, type SortMetric } from "./sort-metric.ts";
import { nameFilter, type NameFilter, type PassNames } from "./name-filter.ts";
import { tiesWith } from "./ties.ts";
import { joinUnranked, unrankedRecord, unrankedRow, type Unranked } from "./unranked.ts";

export interface CompareFilter extends NameFilter {
  readonly taskCategory?: string | undefined;
}

export interface CompareQuestion extends CompareFilter {
  readonly records: readonly BenchmarkRecord[];
  readonly sortBy: SortMetric;
  /** Failed and void passes, which are in the journals but not in the database. */
  readonly unsound?: readonly Unranked[];
  /** Ranks imported records together with one's own; by default they are ranked separately. */
  readonly withImported?: boolean;
  /** Ranks only rows that are comparable; by default all rows are ranked and `warnings` says how they differ. */
  readonly onlyComparable?: boolean;
}

export interface CompareAnswer {
  /** One row per configuration, best first. */
  readonly rows: readonly ConfigurationResult[];
  /** Rows whose passes show no difference from the first row. */
  readonly tied: readonly ConfigurationResult[];
  /** Rows that were measured in another way and are not ranked; empty unless `onlyComparable`. */
  readonly incomparable: readonly IncomparableRow[];
  /** Rows of imported records, best first; empty if `withImported`. */
  readonly imported: readonly ConfigurationResult[];
  /** Rows whose passes vary too much to be ranked. */
  readonly unstable: readonly ConfigurationResult[];
  /** The sound records of all rows, sorted by the same metric. */
  readonly records: readonly BenchmarkRecord[];
  readonly recordCount: number;
  /** Records in the database that are not sound. */
  readonly rejectedRecords: readonly RejectedRecord[];
  /** Everything that is not ranked: rejected records, unstable rows, and passes that are only in the journals. */
  readonly unranked: readonly Unranked[];
  /** Why the rows may not be comparable, for the user. */
  readonly warnings: readonly string[];
}

export function compare(question: CompareQuestion): CompareAnswer {
  const { taskCategory, sortBy, withImported = false } = question;
  const matching = filterRecords(question.records, question);
  const all = configurations(matching, taskCategory).toSorted((a, b) =>
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
  const { rows, incomparable } =
    question.onlyComparable === true ? comparableRows(own) : { rows: own, incomparable: [] };
  const rejected = rejectedRecords(matching);
  const [best, ...others] = rows;
  return {
    rows,
    tied: best === undefined ? [] : tiesWith(best, others, sortBy),
    incomparable,
    imported,
    unstable,
    // Computed on demand: a table does not need the records, and sorting ten thousand takes longer than the query.
    get records() {
      return sortRecords(matching, all, question);
    },
    recordCount: all.reduce((sum, { records }) => sum + records.length, 0),
    rejectedRecords: rejected,
    unranked: joinUnranked([
      ...unstable.map(unrankedRow),
      ...rejected.map(unrankedRecord),
      ...filterUnsound(question.unsound ?? [], question.records, question),
    ]),
    warnings: comparabilityWarnings(rows, taskCategory),
  };
}

function sortRecords(
  matching: readonly BenchmarkRecord[],
  rows: readonly ConfigurationResult[],
  { sortBy, taskCategory }: CompareQuestion,
): BenchmarkRecord[] {
  const included = new Set(rows.flatMap(({ records }) => records));
  return matching
    .filter((record) => included.has(record))
    .map((record) => ({ record, metrics: metricOfRecord(record, taskCategory) }))
    .toSorted((a, b) => byMetric(sortBy, a.metrics, b.metrics))
    .map(({ record }) => record);
}

function filterUnsound(
  unsound: readonly Unranked[],
  records: readonly BenchmarkRecord[],
  filter: CompareFilter,
): Unranked[] {
  const { taskCategory } = filter;
  const isNamed = isUnfiltered(filter)
    ? undefined
    : nameFilter(filter, [...unsound, ...records.map(namesOf)]);
  return unsound.filter(
    (passes) =>
      isNamed?.(passes) !== false &&
      (taskCategory === undefined || passes.categories?.includes(taskCategory) !== false),
  );
}

/** The records that match all filters, in their original order. */
export function filterRecords(
  records: readonly BenchmarkRecord[],
  filter: CompareFilter,
): BenchmarkRecord[] {
  const { taskCategory } = filter;
  const isNamed = isUnfiltered(filter) ? undefined : nameFilter(filter, records.map(namesOf));
  return records.filter(
    (record) =>
      isNamed?.(namesOf(record)) !== false &&
      (taskCategory === undefined || Object.hasOwn(record.results_by_category, taskCategory)),
  );
}

function isUnfiltered({ gpuType, modelCategory }: NameFilter): boolean {
  return gpuType === undefined && modelCategory === undefined;
}

/** The names by which a record is filtered. */
export function namesOf({ gpu_type, model_id, model_category }: BenchmarkRecord): PassNames {
  return { gpu: gpu_type, model: model_id, modelCategory: model_category };
}
