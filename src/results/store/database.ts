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
import { unpublishableReason } from "./unpublishable-reason.ts";
import { logPublication, readPublication, tombstones } from "./publication-log.ts";
import { saveImportedRecords, readImportedRecords } from "./imported-records.ts";
import { repairText, type Repair } from "./repair-database.ts";

export interface Written {
  /** Number of records that were not in the file before. */
  readonly added: number;
  /** Number of usable records in the file now. */
  readonly total: number;
}

/** Returns those of the requested records that exist somewhere. */
export type FindRecords = (ids: readonly string[]) => Promise<readonly BenchmarkRecord[]>;

export interface BenchmarkDatabase {
  readonly file: string;
  /** Reads the file, or its best copy if it is damaged. Never throws, whatever the contents. */
  read(): Promise<DatabaseContents>;
  /**
   * Adds those of these and of the imported records that are missing, by id, except records that the user removed or
   * that were in a file that the user deleted. It can be repeated at any time, and also restores what another program
   * has overwritten.
   * @param findOverwritten finds, by id, records that were published to this file but are neither in it nor in `records`;
   *   those that it does not find are considered lost.
   * @throws SweepError if the file cannot be written; it is then unchanged
   */
  publish(records: readonly BenchmarkRecord[], findOverwritten?: FindRecords): Promise<Written>;
  /** Removes records, so that they are not published again. Returns how many were removed. @throws SweepError */
  remove(ids: readonly string[]): Promise<number>;
  /** Publishes records even if they were removed before. @throws SweepError */
  restore(records: readonly BenchmarkRecord[]): Promise<Written>;
  /** Publishes records that are in no journal, after saving copies next to the file. @throws SweepError */
  publishWithCopies(records: readonly BenchmarkRecord[]): Promise<Written>;
  /** Repairs a damaged file. @param ours the records in journals @throws SweepError */
  repair(ours: readonly BenchmarkRecord[]): Promise<Repair>;
  /** The usable records of each sound backup, newest first. */
  backups(): AsyncIterable<readonly BenchmarkRecord[]>;
}

/** Opens the database that is shared with `maider`, without accessing the file yet. */
export function openDatabase(
  file: string,
  nowMs: () => number = () => Date.now(),
): BenchmarkDatabase {
  const adapter = mergingAdapter(file, nowMs);
  const publish: BenchmarkDatabase["publish"] = (records, findOverwritten) =>
    publishRecords(file, adapter, records, findOverwritten);

  const restore: BenchmarkDatabase["restore"] = async (records) => {
    // Fail before anything is logged.
    await checkWritable(file);
    // If the file was deleted, log that first; otherwise its records would be excluded again after this restore.
    await excludedIds(file);
    await logPublication(
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
        if (database.kind === "corrupt") throw damaged(file, database.why);
        if (database.kind !== "sound") return Promise.resolve(undefined);
        const indices = new Set<number>();
        for (const [index, element] of database.elements.entries())
          if (unwanted.has(idOf(element) ?? "")) indices.add(index);
        count = indices.size;
        if (count === 0) return Promise.resolve(undefined);
        return Promise.resolve({ text: removeElements(scanDatabase(database.text), indices) });
      });
      await logPublication(file, "removed", ids);
      return count;
    },
    restore,
    async publishWithCopies(records) {
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
      const lost = await publishedExcept(file, new Set([...records, ...foreign].map(idOf)));
      await logLost(file, lost);
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

/** Adds missing records, by id, and restores those that another program has overwritten. */
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
  const present = new Set(low.data.benchmarks.map(idOf));
  const imported = await readImportedRecords(file, (id) => !present.has(id));
  const known = unique([...records, ...imported]);
  const overwritten = await publishedExcept(
    file,
    new Set([...present, ...known.map(({ id }) => id)]),
  );
  const found = overwritten.length === 0 ? [] : ((await findOverwritten?.(overwritten)) ?? []);
  found.forEach(assertPublishable);
  const wanted = unique([...known, ...found]).filter(({ id }) => !removed.has(id));
  const added = wanted.filter(({ id }) => !present.has(id));
  // Also write if nothing is missing but another program left the file damaged.
  if (added.length > 0 || adapter.foundDamage())
    await low.update((data) => void data.benchmarks.push(...added));
  const { published } = await readPublication(file);
  await logPublication(
    file,
    "published",
    wanted.map(({ id }) => id).filter((id) => !published.has(id)),
  );
  if (findOverwritten !== undefined) {
    const foundIds = new Set(found.map(({ id }) => id));
    await logLost(
      file,
      overwritten.filter((id) => !foundIds.has(id)),
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
    hint: "maider-sweep db repair repairs it",
  });
}

function assertPublishable(record: BenchmarkRecord): void {
  const reason = unpublishableReason(record);
  if (reason !== undefined)
    throw new TypeError(`record ${record.id} must not be published: ${reason}`);
}

/** Of records with the same id, only the first. */
function unique(records: readonly BenchmarkRecord[]): BenchmarkRecord[] {
  const byId = new Map<string, BenchmarkRecord>();
  for (const record of records) if (!byId.has(record.id)) byId.set(record.id, record);
  return [...byId.values()];
}

/** Ids that were published to the file, except known ones. */
async function publishedExcept(file: string, known: ReadonlySet<unknown>): Promise<string[]> {
  const { published } = await readPublication(file);
  return [...published].filter((id) => !known.has(id));
}

/** Logs that these records are no longer expected in the file. If they are found later, they can be published. */
async function logLost(file: string, lost: readonly string[]): Promise<void> {
  // An unreadable file may still have them.
  if (lost.length > 0 && (await isReadable(file))) await logPublication(file, "restored", lost);
}

async function isReadable(file: string): Promise<boolean> {
  const { kind } = await readDatabaseFile(await resolveLinks(file));
  return kind !== "unreadable";
}

/**
 * Ids that must not be published. The log is read before the file is checked: records that it lists as published were in
 * the file at that time, so if the file is missing now, it was deleted.
 */
async function excludedIds(file: string): Promise<ReadonlySet<string>> {
  const publication = await readPublication(file);
  const { published } = publication;
  if (published.size === 0 || !(await isMissing(file))) return tombstones(publication);
  await logPublication(file, "deleted", [...published]);
  return new Set([...tombstones(publication), ...published]);
}
