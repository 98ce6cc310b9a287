import type { BenchmarkRecord } from "../evidence/record.ts";
import { overwrittenIn } from "../results/store/publication-log.ts";
import type { DatabaseLocation } from "./locations.ts";

interface Contents {
  readonly records: readonly BenchmarkRecord[];
  readonly problems: readonly string[];
}

/**
 * With the records that another program has overwritten, which journals, copies and the newest backup still have. Where
 * nothing is missing, no more than the log beside the database is read for it.
 * @returns undefined when there are none.
 */
export async function completed(
  location: DatabaseLocation,
  { records, problems }: Contents,
): Promise<Contents | undefined> {
  const { file } = location;
  // A log that cannot be read is told by whoever wants to write.
  const absent = await overwrittenIn(file, records).catch(() => []);
  if (absent.length === 0) return undefined;
  const [{ knownRecords }, { openDatabase }, { restorable }] = await Promise.all([
    import("./known-records.ts"),
    import("../results/store/database.ts"),
    import("../results/store/restorable.ts"),
  ]);
  const { ours, imported } = await knownRecords(location);
  const source = await restorable(openDatabase(file), [...ours, ...imported], false);
  const found = absent.flatMap((id) => source.get(id) ?? []);
  if (found.length === 0) return undefined;
  const told = `${file}: ${found.length} records that were written here are not in it any more, as after another program's write; they are counted all the same (maider-sweep db repair puts them back)`;
  return { records: [...records, ...found], problems: [...problems, told] };
}
