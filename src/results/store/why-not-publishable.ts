import { pythonReads, readRecord } from "./read-record.ts";

/**
 * Why a value must not enter the database, for the user; undefined = it may. The Python reader ranks whatever is
 * there, and drops what it does not know: neither may come from us.
 */
export function whyNotPublishable(value: unknown): string | undefined {
  const read = readRecord(value);
  if (!read.usable) return read.reason;
  if (!pythonReads(read.record)) return "its keys are not the known ones";
  const { verdict } = read.record.summary;
  return verdict !== undefined && verdict.state !== "sound" ? "its pass was not sound" : undefined;
}
