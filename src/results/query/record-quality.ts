import type { BenchmarkRecord } from "../../evidence/record.ts";

/** A cache, because parsing dates is the slowest part of most queries. */
const parsedTimes = new WeakMap<BenchmarkRecord, number | undefined>();

/** When the pass ended, milliseconds since the epoch; undefined if the record has no valid time. */
export function measuredAtMs(record: BenchmarkRecord): number | undefined {
  if (parsedTimes.has(record)) return parsedTimes.get(record);
  // `timestamp` has no time zone, so it is taken as local time.
  const ms = [record.summary.finished_utc, record.timestamp]
    .map((text) => (text === undefined ? Number.NaN : Date.parse(text)))
    .find(Number.isFinite);
  parsedTimes.set(record, ms);
  return ms;
}

/** Why a record is not sound; undefined if it is. A record of another program, without a verdict, must pass all tests. */
export function rejectionReason(record: BenchmarkRecord): string | undefined {
  const { verdict, tests_passed, tests_total, avg_tokens_per_sec } = record.summary;
  if (verdict !== undefined && verdict.state !== "sound")
    return verdict.reasons.length === 0
      ? `the pass is ${verdict.state}`
      : verdict.reasons.join("; ");
  if (!(avg_tokens_per_sec > 0)) return "it states no speed";
  if (verdict === undefined && tests_passed < tests_total)
    return `${tests_total - tests_passed} of ${tests_total} tests failed`;
  return undefined;
}

/** Whether this program wrote the record, so that its engine settings were reported by the server, not assumed. */
export function isOurs(record: BenchmarkRecord): boolean {
  return record.summary.method !== undefined;
}

/** The records that were not imported. */
export function ownRecords(records: readonly BenchmarkRecord[]): BenchmarkRecord[] {
  return records.filter(({ summary }) => summary.origin === undefined);
}

/** The records of sound passes, which may be ranked. */
export function soundRecords(records: readonly BenchmarkRecord[]): BenchmarkRecord[] {
  return records.filter((record) => rejectionReason(record) === undefined);
}

/** Newest first; records without a valid time come last. */
export function newestFirst(records: readonly BenchmarkRecord[]): BenchmarkRecord[] {
  return records
    .map((record) => ({ record, ms: measuredAtMs(record) ?? -Infinity }))
    .toSorted((a, b) => b.ms - a.ms)
    .map(({ record }) => record);
}
