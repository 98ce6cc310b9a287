import type { BenchmarkRecord } from "../../evidence/record.ts";
import { bestCopy, readDatabaseFile } from "./database-file.ts";
import { parseElement, rememberTexts } from "./element-text.ts";
import { LARGEST_TEXT } from "./database-text.ts";
import { readPublication, tombstones } from "./publication-log.ts";
import { nameOfElement, readRecord } from "./read-record.ts";
import type { DatabaseHeader } from "./stream-database.ts";

export interface DatabaseContents {
  /** In the file's order. */
  readonly records: readonly BenchmarkRecord[];
  /** Elements that cannot be counted with. They stay in the file, value for value. */
  readonly foreign: readonly unknown[];
  /** What is wrong, one line each, for the user: a damaged file, a record that is not usable. */
  readonly problems: readonly string[];
}

/**
 * Reads the database; a damaged one gives its best copy.
 * @param exact whether `elementText` shall know the records' own texts afterwards.
 */
export async function readContents(path: string, exact = false): Promise<DatabaseContents> {
  const file = await readDatabaseFile(path);
  if (file.kind === "missing") return sort([], []);
  if (file.kind === "sound") {
    const { version, text, elements, flaw } = file;
    if (exact) rememberTexts(text, elements);
    const found = remarks(path, { version, bytes: text.length });
    if (flaw !== undefined) found.push(`${path}: ${flaw} (maider-sweep db repair)`);
    return sort(elements, found);
  }
  const text = file.kind === "corrupt" ? file.text : "";
  // Without the log something removed may show again, which is better than nothing.
  const removed = await readPublication(path).then(tombstones, () => new Set<string>());
  const { own, saved } = await bestCopy(path, text, removed);
  const elements = [...own, ...saved].map(parseElement);
  return sort(elements, [
    `${path}: ${file.why}; going on with ${elements.length} records of its best copy (${remedyFor(file.kind)})`,
  ]);
}

function remedyFor(kind: "corrupt" | "unreadable"): string {
  return kind === "corrupt"
    ? "maider-sweep db repair"
    : "check its place and its permissions, or name another file with --db";
}

/**
 * What a sound file holds. @param shape what is kept of each record; all of it when left out.
 * @throws what the elements throw where they are parsed as they come.
 */
export function contentsOf(
  path: string,
  elements: Iterable<unknown, DatabaseHeader>,
  shape?: (record: BenchmarkRecord) => BenchmarkRecord,
): DatabaseContents {
  let frame: DatabaseHeader | undefined;
  const noted = (function* () {
    frame = yield* elements;
  })();
  const { problems, ...found } = sort(noted, [], shape);
  return { ...found, problems: [...remarks(path, frame), ...problems] };
}

function remarks(
  path: string,
  { version, bytes }: DatabaseHeader = { version: "1.0", bytes: 0 },
): string[] {
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

/** Those that can be counted with and those that cannot; of several with one id, the first. */
export function sort(
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
