import type { BenchmarkRecord } from "../../evidence/record.ts";
import { bestCopy, readDatabaseFile } from "./database-file.ts";
import { parseElement, rememberTexts } from "./element-text.ts";
import { LARGEST_TEXT } from "./database-text.ts";
import { readPublication, tombstones } from "./publication-log.ts";
import { nameOfElement, readRecord } from "./read-record.ts";
import type { DatabaseHeader } from "./stream-database.ts";

export interface DatabaseContents {
  /** In the order of the file. */
  readonly records: readonly BenchmarkRecord[];
  /** Unusable elements. They stay in the file unchanged. */
  readonly foreign: readonly unknown[];
  /** One line each, for the user: a damaged file, an unusable record. */
  readonly problems: readonly string[];
}

/**
 * Reads the database, or its best copy if it is damaged.
 * @param exact whether `elementText` should return the records exactly as the file has them
 */
export async function readContents(path: string, exact = false): Promise<DatabaseContents> {
  const file = await readDatabaseFile(path);
  if (file.kind === "missing") return partitionRecords([], []);
  if (file.kind === "sound") {
    const { version, text, elements, flaw } = file;
    if (exact) rememberTexts(text, elements);
    const found = remarks(path, { version, bytes: text.length });
    if (flaw !== undefined) found.push(`${path}: ${flaw} (maider-sweep db repair)`);
    return partitionRecords(elements, found);
  }
  const text = file.kind === "corrupt" ? file.text : "";
  // If the log is unreadable, removed records may reappear, which is better than failing.
  const removed = await readPublication(path).then(tombstones, () => new Set<string>());
  const { own, saved } = await bestCopy(path, text, removed);
  const elements = [...own, ...saved].map(parseElement);
  return partitionRecords(elements, [
    `${path}: ${file.why}; going on with ${elements.length} records of its best copy (${remedyFor(file.kind)})`,
  ]);
}

function remedyFor(kind: "corrupt" | "unreadable"): string {
  return kind === "corrupt"
    ? "maider-sweep db repair"
    : "check its place and its permissions, or name another file with --db";
}

/**
 * The contents of a sound file.
 * @param shape maps each record, for example to a slim copy
 * @throws whatever iterating over the elements throws
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
  const { problems, ...found } = partitionRecords(noted, [], shape);
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

/** Separates usable records from other elements. Of several with the same id, only the first is usable. */
export function partitionRecords(
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
