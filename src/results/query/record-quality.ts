import type { BenchmarkRecord } from "../../evidence/record.ts";

/** Parsing the date is the slowest part of most queries. */
const measured = new WeakMap<BenchmarkRecord, number | undefined>();

/** When the pass ended, milliseconds since the epoch; undefined if the record has no valid time. */
export function measuredAtMs(record: BenchmarkRecord): number | undefined {
  if (measured.has(record)) return measured.get(record);
  // `timestamp` has no zone: it is read as our local time.
  const ms = [record.summary.finished_utc, record.timestamp]
    .map((text) => (text === undefined ? Number.NaN : Date.parse(text)))
    .find(Number.isFinite);
  measured.set(record, ms);
  return ms;
}

/** Why a record is not ranked; undefined if it is. Records of other programs, without a verdict, must pass all tests. */
export function rejectionReason(record: BenchmarkRecord): string | undefined {
  const { verdict, tests_passed, tests_total, avg_tokens_per_sec } = record.summary;
  if (verdict !== undefined && verdict.state !== "sound")
    return verdict.reasons.length === 0
      ? `the pass is ${verdict.state}`
      : verdict.reasons.join("; ");
  if (!(avg_tokens_per_sec > 0)) return "it has no speed";
  if (verdict === undefined && tests_passed < tests_total)
    return `${tests_total - tests_passed} of ${tests_total} tests failed`;
  return undefined;
}

/** Whether this program wrote the record. Then its engine settings were reported by the server, not assumed. */
export function isOurs(record: BenchmarkRecord): boolean {
  return record.summary.method !== undefined;
}

/** All but imported records. */
export function ownRecords(records: readonly BenchmarkRecord[]): BenchmarkRecord[] {
  return records.filter(({ summary }) => summary.origin === undefined);
}

/** The records that may be ranked. */
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
