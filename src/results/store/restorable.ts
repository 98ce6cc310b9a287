import type { BenchmarkRecord } from "../../evidence/record.ts";
import type { BenchmarkDatabase } from "./database.ts";
import { unpublishableReason } from "./unpublishable-reason.ts";

/**
 * Records that can be restored, by id: from journals, saved imports and backups.
 * @param known records in journals and saved imports
 * @param older whether to search older backups too. They may have records that were removed by hand since.
 */
export async function restorable(
  database: BenchmarkDatabase,
  known: readonly BenchmarkRecord[],
  older: boolean,
): Promise<Map<string, BenchmarkRecord>> {
  const found = new Map(known.map((record) => [record.id, record]));
  for await (const records of database.backups()) {
    for (const record of records)
      if (!found.has(record.id) && unpublishableReason(record) === undefined)
        found.set(record.id, record);
    if (!older) break;
  }
  return found;
}
