import { Low } from "lowdb";
import type { BenchmarkRecord } from "../evidence/record.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { isMissing, whereLinksLead } from "../support/safe-file.ts";
import { backupsOf } from "./backups.ts";
import { bestCopy, checkWritable, databaseError, idOf, readDatabaseFile } from "./database-file.ts";
import { parsePythonJson, removeElements, scanDatabase } from "./database-text.ts";
import { LARGEST_TEXT, mergingAdapter, type StoredDatabase } from "./merging-adapter.ts";
import { obstacleTo } from "./obstacle.ts";
import { notePublication, readPublication, tombstones } from "./publication-log.ts";
import { nameOfElement, readRecord } from "./read-record.ts";
import { keepCopies, readCopies } from "./record-copies.ts";
import type { Frame } from "./stream-database.ts";
import { mend, type Repair } from "./repair-database.ts";

export interface DatabaseContents {
  /** In the file's order. */
  readonly records: readonly BenchmarkRecord[];
  /** Elements that cannot be counted with. They stay in the file, value for value. */
  readonly foreign: readonly unknown[];
  /** What is wrong, one line each, for the user: a damaged file, a record that is not usable. */
  readonly problems: readonly string[];
}

export interface Written {
  /** Records that were not in the file. */
  readonly added: number;
  /** Records that can be counted with, as `read` counts them, that the file holds now. */
  readonly total: number;
}

export interface BenchmarkDatabase {
  readonly file: string;
  /** Writes nothing. A damaged file gives its best copy and a problem that says so; never throws for its content. */
  read(): Promise<DatabaseContents>;
  /**
   * Adds what is missing by id, of these and of those that were taken in; records that a user removed stay away, and
   * so do those that were in a file which the user deleted. May be repeated at any time: it heals what another program
   * has overwritten.
   * @throws SweepError when the file cannot be written; what stood there is then untouched.
   */
  publish(records: readonly BenchmarkRecord[]): Promise<Written>;
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
  const empty = (): StoredDatabase => ({ version: "1.0", benchmarks: [] });

  const publish: BenchmarkDatabase["publish"] = async (records) => {
    records.forEach(assertPublishable);
    const removed = await keptAway(file);
    const low = new Low(adapter, empty());
    await low.read();
    const before = new Set(low.data.benchmarks.map(idOf));
    const copies = await readCopies(file, (id) => !before.has(id));
    const wanted = unique([...records, ...copies]).filter(({ id }) => !removed.has(id));
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
    return { added: added.length, total: sort(low.data.benchmarks, []).records.length };
  };

  const restore: BenchmarkDatabase["restore"] = async (records) => {
    // Before anything is noted of it.
    await checkWritable(file);
    // A file that was deleted is seen as such first, or its tombstones would be laid after they were lifted.
    await keptAway(file);
    await notePublication(
      file,
      "restored",
      records.map(({ id }) => id),
    );
    return publish(records);
  };

  return {
    file,
    read: () => read(file),
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
      await keepCopies(file, records);
      return restore(records);
    },
    async repair(ours) {
      const removed = await keptAway(file);
      const path = await whereLinksLead(file);
      const known = [...ours, ...(await readCopies(file))];
      let repair: Repair | undefined;
      const aside = await adapter.rewrite(async (database) => {
        const mended = await mend(path, database, known, removed);
        ({ repair } = mended);
        return mended.text === undefined ? undefined : { text: mended.text, damaged: true };
      });
      if (repair === undefined) throw databaseError(file, "written", "it was not looked at");
      const { records } = await read(file);
      return { ...repair, total: records.length, ...(aside === undefined ? {} : { aside }) };
    },
    async *backups() {
      for (const path of await backupsOf(await whereLinksLead(file))) {
        const found = await readDatabaseFile(path);
        if (found.kind === "sound") yield sort(found.elements, []).records;
      }
    },
  };
}

function damaged(file: string, why: string): SweepError {
  return new SweepError("the benchmark database is damaged", {
    exitCode: ExitCode.usage,
    reason: `${file}: ${why}`,
    hint: "maider-sweep db repair puts it right",
  });
}

function assertPublishable(record: BenchmarkRecord): void {
  const why = obstacleTo(record);
  if (why !== undefined) throw new TypeError(`record ${record.id} must not be published: ${why}`);
}

/** Of several with one id, the first. */
function unique(records: readonly BenchmarkRecord[]): BenchmarkRecord[] {
  const byId = new Map<string, BenchmarkRecord>();
  for (const record of records) if (!byId.has(record.id)) byId.set(record.id, record);
  return [...byId.values()];
}

/**
 * Ids that must stay away. The log is read before the file is looked at: what it says was published was then in a
 * file, so that a missing file can only have been deleted since.
 */
async function keptAway(file: string): Promise<ReadonlySet<string>> {
  const publication = await readPublication(file);
  const { published } = publication;
  if (published.size === 0 || !(await isMissing(file))) return tombstones(publication);
  await notePublication(file, "deleted", [...published]);
  return new Set([...tombstones(publication), ...published]);
}

async function read(path: string): Promise<DatabaseContents> {
  const file = await readDatabaseFile(path);
  if (file.kind === "missing") return sort([], []);
  if (file.kind === "sound") {
    const { version, text, elements, flaw } = file;
    const found = remarks(path, { version, bytes: text.length });
    if (flaw !== undefined) found.push(`${path}: ${flaw} (maider-sweep db repair)`);
    return sort(elements, found);
  }
  const text = file.kind === "corrupt" ? file.text : "";
  // Without the log something removed may show again, which is better than nothing.
  const removed = await readPublication(path).then(tombstones, () => new Set<string>());
  const { own, saved } = await bestCopy(path, text, removed);
  const elements = [...own, ...saved].map(parsePythonJson);
  return sort(elements, [
    `${path}: ${file.why}; going on with ${elements.length} records of its best copy (maider-sweep db repair)`,
  ]);
}

/**
 * What a sound file holds. @param shape what is kept of each record; all of it when left out.
 * @throws what the elements throw where they are parsed as they come.
 */
export function contentsOf(
  path: string,
  elements: Iterable<unknown, Frame>,
  shape?: (record: BenchmarkRecord) => BenchmarkRecord,
): DatabaseContents {
  let frame: Frame | undefined;
  const noted = (function* () {
    frame = yield* elements;
  })();
  const { problems, ...found } = sort(noted, [], shape);
  return { ...found, problems: [...remarks(path, frame), ...problems] };
}

function remarks(path: string, { version, bytes }: Frame = { version: "1.0", bytes: 0 }): string[] {
  const found: string[] = [];
  if (version !== "1.0")
    found.push(`${path}: version ${JSON.stringify(version)} is read as if it were "1.0"`);
  if (bytes > NEARLY_FULL * LARGEST_TEXT) {
    const share = Math.floor((100 * bytes) / LARGEST_TEXT);
    found.push(`${path}: ${share} % of what its format can hold; move it aside before it is full`);
  }
  return found;
}

const NEARLY_FULL = 0.75;

function sort(
  elements: Iterable<unknown>,
  problems: readonly string[],
  shape = (record: BenchmarkRecord): BenchmarkRecord => record,
): DatabaseContents {
  const records: BenchmarkRecord[] = [];
  const foreign: unknown[] = [];
  const found = [...problems];
  const seen = new Map<string, number>();
  let index = -1;
  for (const element of elements) {
    index += 1;
    const read = readRecord(element);
    const twin = read.usable ? seen.get(read.record.id) : undefined;
    if (read.usable && twin === undefined) {
      records.push(shape(read.record));
      seen.set(read.record.id, index);
      continue;
    }
    foreign.push(element);
    const why = read.usable ? `record ${(twin ?? 0) + 1} has the same id` : read.reason;
    found.push(`${nameOfElement(element, index)} cannot be used: ${why}`);
  }
  return { records, foreign, problems: found };
}
