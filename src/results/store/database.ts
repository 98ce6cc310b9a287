import { Low } from "lowdb";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { isMissing, resolveLinks } from "../../support/safe-file.ts";
import { backupsOf } from "./backups.ts";
import { readContents, partitionRecords, type DatabaseContents } from "./database-contents.ts";
import { checkWritable, databaseError, idOf, readDatabaseFile } from "./database-file.ts";
import { removeElements, scanDatabase } from "./database-text.ts";
import { rememberTexts } from "./element-text.ts";
import { mergingAdapter, type MergingAdapter, type StoredDatabase } from "./merging-adapter.ts";
import { whyNotPublishable } from "./why-not-publishable.ts";
import { notePublication, readPublication, tombstones } from "./publication-log.ts";
import { saveImportedRecords, readImportedRecords } from "./imported-records.ts";
import { repairText, type Repair } from "./repair-database.ts";

export interface Written {
  /** Records that were not in the file. */
  readonly added: number;
  /** Records that can be counted with, as `read` counts them, that the file holds now. */
  readonly total: number;
}

/** Gives those of the records that it can find. */
export type FindRecords = (ids: readonly string[]) => Promise<readonly BenchmarkRecord[]>;

export interface BenchmarkDatabase {
  readonly file: string;
  /** Writes nothing. A damaged file gives its best copy and a problem that says so; never throws for its content. */
  read(): Promise<DatabaseContents>;
  /**
   * Adds what is missing by id, of these and of those that were taken in; records that a user removed stay away, and
   * so do those that were in a file which the user deleted. May be repeated at any time: it heals what another program
   * has overwritten.
   * @param findOverwritten looks for records that were put into this file and are not among `records` or in it any more,
   *   by their ids; those that it does not find are lost, and no longer expected.
   * @throws SweepError when the file cannot be written; what stood there is then untouched.
   */
  publish(records: readonly BenchmarkRecord[], findOverwritten?: FindRecords): Promise<Written>;
  /** Takes records out and leaves tombstones. Returns how many were there. @throws SweepError */
  remove(ids: readonly string[]): Promise<number>;
  /** Lifts the tombstones of these records and publishes them. @throws SweepError */
  restore(records: readonly BenchmarkRecord[]): Promise<Written>;
  /** The same with records that no journal holds: copies of them are kept beside the file first. @throws SweepError */
  take(records: readonly BenchmarkRecord[]): Promise<Written>;
  /** Puts a damaged file right; `ours` is what the journals hold. A sound file is left alone. @throws SweepError */
  repair(ours: readonly BenchmarkRecord[]): Promise<Repair>;
  /** What each sound backup holds and can be counted with, the newest first. */
  backups(): AsyncIterable<readonly BenchmarkRecord[]>;
}

/** The database that is shared with the Python tool. Opening touches nothing. */
export function openDatabase(
  file: string,
  nowMs: () => number = () => Date.now(),
): BenchmarkDatabase {
  const adapter = mergingAdapter(file, nowMs);
  const publish: BenchmarkDatabase["publish"] = (records, findOverwritten) =>
    publishRecords(file, adapter, records, findOverwritten);

  const restore: BenchmarkDatabase["restore"] = async (records) => {
    // Before anything is noted of it.
    await checkWritable(file);
    // A file that was deleted is seen as such first, or its tombstones would be laid after they were lifted.
    await excludedIds(file);
    await notePublication(
      file,
      "restored",
      records.map(({ id }) => id),
    );
    return publish(records);
  };

  return {
    file,
    read: () => readContents(file),
    publish,
    async remove(ids) {
      const unwanted = new Set(ids);
      let count = 0;
      await adapter.rewrite((database) => {
        // What stands in a damaged file cannot be taken out of it.
        if (database.kind === "corrupt") throw damaged(file, database.why);
        if (database.kind !== "sound") return Promise.resolve(undefined);
        const indices = new Set<number>();
        for (const [index, element] of database.elements.entries())
          if (unwanted.has(idOf(element) ?? "")) indices.add(index);
        count = indices.size;
        if (count === 0) return Promise.resolve(undefined);
        return Promise.resolve({ text: removeElements(scanDatabase(database.text), indices) });
      });
      await notePublication(file, "removed", ids);
      return count;
    },
    restore,
    async take(records) {
      records.forEach(assertPublishable);
      await checkWritable(file);
      await saveImportedRecords(file, records);
      return restore(records);
    },
    async repair(ours) {
      const removed = await excludedIds(file);
      const path = await resolveLinks(file);
      const known = [...ours, ...(await readImportedRecords(file))];
      let repair: Repair | undefined;
      const aside = await adapter.rewrite(async (database) => {
        const { text, damaged, incomplete, ...repaired } = await repairText(
          path,
          database,
          known,
          removed,
        );
        ({ repair } = repaired);
        return text === undefined ? undefined : { text, damaged, incomplete };
      });
      if (repair === undefined) throw databaseError(file, "written", "it was not read");
      const { records, foreign } = await readContents(file);
      const lost = await expected(file, new Set([...records, ...foreign].map(idOf)));
      await noteLost(file, lost);
      return {
        ...repair,
        lost: lost.length,
        total: records.length,
        ...(aside === undefined ? {} : { aside }),
      };
    },
    async *backups() {
      for (const path of await backupsOf(await resolveLinks(file))) {
        const found = await readDatabaseFile(path);
        if (found.kind !== "sound") continue;
        rememberTexts(found.text, found.elements);
        yield partitionRecords(found.elements, []).records;
      }
    },
  };
}

/** Adds what is missing by id, and puts back what another program has overwritten. */
async function publishRecords(
  file: string,
  adapter: MergingAdapter,
  records: readonly BenchmarkRecord[],
  findOverwritten: Parameters<BenchmarkDatabase["publish"]>[1],
): Promise<Written> {
  records.forEach(assertPublishable);
  const removed = await excludedIds(file);
  const low = new Low(adapter, emptyDatabase());
  await low.read();
  const before = new Set(low.data.benchmarks.map(idOf));
  const copies = await readImportedRecords(file, (id) => !before.has(id));
  const given = unique([...records, ...copies]);
  const overwritten = await expected(file, new Set([...before, ...given.map(({ id }) => id)]));
  const found = overwritten.length === 0 ? [] : ((await findOverwritten?.(overwritten)) ?? []);
  found.forEach(assertPublishable);
  const wanted = unique([...given, ...found]).filter(({ id }) => !removed.has(id));
  const added = wanted.filter(({ id }) => !before.has(id));
  // Another writer may have left half a file in which nothing of ours is missing.
  if (added.length > 0 || adapter.foundDamage())
    await low.update((data) => void data.benchmarks.push(...added));
  const { published } = await readPublication(file);
  await notePublication(
    file,
    "published",
    wanted.map(({ id }) => id).filter((id) => !published.has(id)),
  );
  if (findOverwritten !== undefined) {
    const back = new Set(found.map(({ id }) => id));
    await noteLost(
      file,
      overwritten.filter((id) => !back.has(id)),
    );
  }
  return { added: added.length, total: partitionRecords(low.data.benchmarks, []).records.length };
}

function emptyDatabase(): StoredDatabase {
  return { version: "1.0", benchmarks: [] };
}

function damaged(file: string, why: string): SweepError {
  return new SweepError("the benchmark database is damaged", {
    exitCode: ExitCode.usage,
    reason: `${file}: ${why}`,
    hint: "maider-sweep db repair puts it right",
  });
}

function assertPublishable(record: BenchmarkRecord): void {
  const why = whyNotPublishable(record);
  if (why !== undefined) throw new TypeError(`record ${record.id} must not be published: ${why}`);
}

/** Of several with one id, the first. */
function unique(records: readonly BenchmarkRecord[]): BenchmarkRecord[] {
  const byId = new Map<string, BenchmarkRecord>();
  for (const record of records) if (!byId.has(record.id)) byId.set(record.id, record);
  return [...byId.values()];
}

/** Ids that were put into the file and are not among those that are known. */
async function expected(file: string, known: ReadonlySet<unknown>): Promise<string[]> {
  const { published } = await readPublication(file);
  return [...published].filter((id) => !known.has(id));
}

/** What nobody has any more is expected no longer; should it turn up again, it may be published. */
async function noteLost(file: string, lost: readonly string[]): Promise<void> {
  // A file that cannot be read may have them all.
  if (lost.length > 0 && (await isReadable(file))) await notePublication(file, "restored", lost);
}

async function isReadable(file: string): Promise<boolean> {
  const { kind } = await readDatabaseFile(await resolveLinks(file));
  return kind !== "unreadable";
}

/**
 * Ids that must stay away. The log is read before the file is looked at: what it says was published was then in a
 * file, so that a missing file can only have been deleted since.
 */
async function excludedIds(file: string): Promise<ReadonlySet<string>> {
  const publication = await readPublication(file);
  const { published } = publication;
  if (published.size === 0 || !(await isMissing(file))) return tombstones(publication);
  await notePublication(file, "deleted", [...published]);
  return new Set([...tombstones(publication), ...published]);
}
