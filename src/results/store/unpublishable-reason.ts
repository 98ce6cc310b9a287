import { isReadByMaider, readRecord } from "./read-record.ts";

/**
 * Why a value must not be added to the database, for the user; undefined if it may. `maider` ranks every record, sound
 * or not, and drops records with unknown keys, so we add neither.
 */
export function unpublishableReason(value: unknown): string | undefined {
  const read = readRecord(value);
  if (!read.usable) return read.reason;
  if (!isReadByMaider(read.record)) return "it does not have exactly the known keys";
  const { verdict } = read.record.summary;
  return verdict !== undefined && verdict.state !== "sound" ? "its pass was not sound" : undefined;
}
