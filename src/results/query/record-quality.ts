import type { BenchmarkRecord } from "../../evidence/record.ts";

/** Reading a date takes longer than all else that is asked of a record, and is asked several times. */
const measured = new WeakMap<BenchmarkRecord, number | undefined>();

/** When the pass ended, milliseconds since the epoch; undefined when nobody can tell. */
export function measuredAtMs(record: BenchmarkRecord): number | undefined {
  if (measured.has(record)) return measured.get(record);
  // Without a zone, `timestamp` is the local time of whoever wrote it, which is ours as far as anyone knows.
  const ms = [record.summary.finished_utc, record.timestamp]
    .map((text) => (text === undefined ? Number.NaN : Date.parse(text)))
    .find(Number.isFinite);
  measured.set(record, ms);
  return ms;
}

/** Why a record must not be ranked; undefined = it may. Foreign records have no verdict: all their tests must have passed. */
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

/** Whether the record was written by this program: then what it says of the engine was read, not assumed. */
export function isOurs(record: BenchmarkRecord): boolean {
  return record.summary.method !== undefined;
}

/** One's own, as against other people's that were imported. */
export function ownRecords(records: readonly BenchmarkRecord[]): BenchmarkRecord[] {
  return records.filter(({ summary }) => summary.origin === undefined);
}

/** The records that may be ranked. */
export function soundRecords(records: readonly BenchmarkRecord[]): BenchmarkRecord[] {
  return records.filter((record) => rejectionReason(record) === undefined);
}

/** Newest first; what has no readable time comes last. */
export function newestFirst(records: readonly BenchmarkRecord[]): BenchmarkRecord[] {
  return records
    .map((record) => ({ record, ms: measuredAtMs(record) ?? -Infinity }))
    .toSorted((a, b) => b.ms - a.ms)
    .map(({ record }) => record);
}
