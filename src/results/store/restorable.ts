import type { BenchmarkRecord } from "../../evidence/record.ts";
import type { BenchmarkDatabase } from "./database.ts";
import { whyNotPublishable } from "./why-not-publishable.ts";

/**
 * What can be brought back, by id: what journals and copies hold, and what only backups do.
 * @param known what journals and copies hold.
 * @param older whether to look beyond the newest backup: an older one holds what was taken out by hand since.
 */
export async function restorable(
  database: BenchmarkDatabase,
  known: readonly BenchmarkRecord[],
  older: boolean,
): Promise<Map<string, BenchmarkRecord>> {
  const found = new Map(known.map((record) => [record.id, record]));
  for await (const records of database.backups()) {
    for (const record of records)
      if (!found.has(record.id) && whyNotPublishable(record) === undefined)
        found.set(record.id, record);
    if (!older) break;
  }
  return found;
}
