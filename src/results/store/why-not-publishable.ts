import { pythonReads, readRecord } from "./read-record.ts";

/**
 * Why a value must not be added to the database, for the user; undefined if it may. Maider ranks every record, sound or
 * not, and drops records with unknown keys, so we add neither.
 */
export function whyNotPublishable(value: unknown): string | undefined {
  const read = readRecord(value);
  if (!read.usable) return read.reason;
  if (!pythonReads(read.record)) return "its keys are not the known ones";
  const { verdict } = read.record.summary;
  return verdict !== undefined && verdict.state !== "sound" ? "its pass was not sound" : undefined;
}
