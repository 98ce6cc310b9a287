import { Low } from "lowdb";
import type { BenchmarkRecord } from "../evidence/record.ts";
import { bestCopy, idOf, identityOf, MISSING, readDatabaseFile } from "./database-file.ts";
import { parsePythonJson, removeElements, scanDatabase } from "./database-text.ts";
import { mergingAdapter, type StoredDatabase } from "./merging-adapter.ts";
import { notePublication, readPublication } from "./publication-log.ts";
import { nameOfElement, pythonReads, readRecord } from "./read-record.ts";

export interface DatabaseContents {
  /** In the file's order. */
  readonly records: readonly BenchmarkRecord[];
  /** Elements that cannot be counted with. They stay in the file, value for value. */
  readonly foreign: readonly unknown[];
  /** What is wrong, one line each, for the user: a damaged file, a record that is not usable. */
  readonly problems: readonly string[];
}

export interface BenchmarkDatabase {
  readonly file: string;
  /** Writes nothing. A damaged file gives its best copy and a problem that says so; never throws for its content. */
  read(): Promise<DatabaseContents>;
  /**
   * Adds what is missing by id; records that a user removed stay away, and so do those that were in a file which
   * the user deleted. May be repeated at any time: it heals what another program has overwritten.
   * @throws SweepError when the file cannot be written; what stood there is then untouched.
   */
  publish(
    records: readonly BenchmarkRecord[],
  ): Promise<{ readonly added: number; readonly total: number }>;
  /** Takes records out and leaves tombstones. Returns how many were there. @throws SweepError */
  remove(ids: readonly string[]): Promise<number>;
  /** Lifts the tombstones of these records and publishes them. @throws SweepError */
  restore(
    records: readonly BenchmarkRecord[],
  ): Promise<{ readonly added: number; readonly total: number }>;
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
    const removed = await tombstones(file);
    const low = new Low(adapter, empty());
    await low.read();
    const before = new Set(low.data.benchmarks.map(idOf));
    const wanted = records.filter(({ id }) => !removed.has(id));
    const added = wanted.filter(({ id }) => !before.has(id));
    if (added.length > 0) await low.update((data) => data.benchmarks.push(...added));
    const { published } = await readPublication(file);
    await notePublication(
      file,
      "published",
      wanted.map(({ id }) => id).filter((id) => !published.has(id)),
    );
    return { added: added.length, total: low.data.benchmarks.length };
  };

  return {
    file,
    read: () => read(file),
    publish,
    async remove(ids) {
      const unwanted = new Set(ids);
      let count = 0;
      await adapter.rewrite((database) => {
        if (database.kind !== "sound") return Promise.resolve(undefined);
        const indices = new Set<number>();
        for (const [index, element] of database.elements.entries())
          if (unwanted.has(idOf(element) ?? "")) indices.add(index);
        count = indices.size;
        const change =
          count === 0 ? undefined : removeElements(scanDatabase(database.text), indices);
        return Promise.resolve(change);
      });
      await notePublication(file, "removed", ids);
      return count;
    },
    async restore(records) {
      // A file that was deleted is seen as such first, or its tombstones would be laid after they were lifted.
      await tombstones(file);
      await notePublication(
        file,
        "restored",
        records.map(({ id }) => id),
      );
      return publish(records);
    },
  };
}

/** The Python reader ranks whatever is there, and drops what it does not know: neither may come from us. */
function assertPublishable(record: BenchmarkRecord): void {
  const read = readRecord(record);
  const why = read.usable
    ? pythonReads(record)
      ? record.summary.verdict !== undefined && record.summary.verdict.state !== "sound"
        ? "its pass was not sound"
        : undefined
      : "its keys are not the known ones"
    : read.reason;
  if (why !== undefined) throw new TypeError(`record ${record.id} must not be published: ${why}`);
}

/**
 * Ids that must stay away. The log is read before the file is looked at: what it says was published was then in a
 * file, so that a missing file can only have been deleted since.
 */
async function tombstones(file: string): Promise<ReadonlySet<string>> {
  const { published, removed } = await readPublication(file);
  if (published.size === 0) return removed;
  if ((await identityOf(file)) !== MISSING) return removed;
  await notePublication(file, "removed", [...published]);
  return new Set([...removed, ...published]);
}

async function read(path: string): Promise<DatabaseContents> {
  const file = await readDatabaseFile(path);
  if (file.kind === "missing") return sort([], []);
  if (file.kind === "sound") {
    const version = `${path}: version ${JSON.stringify(file.version)} is read as if it were "1.0"`;
    return sort(file.elements, file.version === "1.0" ? [] : [version]);
  }
  const text = file.kind === "corrupt" ? file.text : "";
  const elements = (await bestCopy(path, text)).map(parsePythonJson);
  return sort(elements, [
    `${path}: ${file.why}; going on with ${elements.length} records of its best copy`,
  ]);
}

function sort(elements: readonly unknown[], problems: readonly string[]): DatabaseContents {
  const records: BenchmarkRecord[] = [];
  const foreign: unknown[] = [];
  const found = [...problems];
  for (const [index, element] of elements.entries()) {
    const read = readRecord(element);
    if (read.usable) {
      records.push(read.record);
      continue;
    }
    foreign.push(element);
    found.push(`${nameOfElement(element, index)} cannot be used: ${read.reason}`);
  }
  return { records, foreign, problems: found };
}
