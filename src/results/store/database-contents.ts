import type { BenchmarkRecord } from "../../evidence/record.ts";
import { bestCopy, readDatabaseFile } from "./database-file.ts";
import { parseElement, rememberTexts } from "./element-text.ts";
import { MAX_TEXT_LENGTH } from "./database-text.ts";
import { readPublication, tombstones } from "./publication-log.ts";
import { nameOfElement, readRecord } from "./read-record.ts";
import type { DatabaseHeader } from "./stream-database.ts";

export interface DatabaseContents {
  /** Usable records, in the order of the file. */
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
    const problems = headerProblems(path, { version, bytes: text.length });
    if (flaw !== undefined) problems.push(`${path}: ${flaw} (maider-sweep db repair)`);
    return partitionRecords(elements, problems);
  }
  const text = file.kind === "corrupt" ? file.text : "";
  // If the log is unreadable, removed records may reappear, which is better than failing.
  const removed = await readPublication(path).then(tombstones, () => new Set<string>());
  const { own, saved } = await bestCopy(path, text, removed);
  const elements = [...own, ...saved].map(parseElement);
  return partitionRecords(elements, [
    `${path}: ${file.why}; using ${elements.length} records of its best copy instead (${remedyFor(file.kind)})`,
  ]);
}

function remedyFor(kind: "corrupt" | "unreadable"): string {
  return kind === "corrupt"
    ? "maider-sweep db repair"
    : "check its path and its permissions, or name another file with --db";
}

/**
 * Collects the contents of a sound file.
 * @param shape maps each record, for example to a slim copy
 * @throws the errors of iterating over the elements
 */
export function contentsOf(
  path: string,
  elements: Iterable<unknown, DatabaseHeader>,
  shape?: (record: BenchmarkRecord) => BenchmarkRecord,
): DatabaseContents {
  let header: DatabaseHeader | undefined;
  const elementsOnly = (function* () {
    header = yield* elements;
  })();
  const { problems, ...contents } = partitionRecords(elementsOnly, [], shape);
  return { ...contents, problems: [...headerProblems(path, header), ...problems] };
}

const NEARLY_FULL = 0.75;

function headerProblems(
  path: string,
  { version, bytes }: DatabaseHeader = { version: "1.0", bytes: 0 },
): string[] {
  const problems: string[] = [];
  if (version !== "1.0")
    problems.push(`${path}: version ${JSON.stringify(version)} is read as if it were "1.0"`);
  if (bytes > NEARLY_FULL * MAX_TEXT_LENGTH) {
    const share = Math.floor((100 * bytes) / MAX_TEXT_LENGTH);
    problems.push(
      `${path}: ${share} % of the maximum size of the database; move it aside before it is full`,
    );
  }
  return problems;
}

/** Separates usable records from other elements. Of several with the same id, only the first is usable. */
export function partitionRecords(
  elements: Iterable<unknown>,
  problems: readonly string[],
  shape = (record: BenchmarkRecord): BenchmarkRecord => record,
): DatabaseContents {
  const records: BenchmarkRecord[] = [];
  const foreign: unknown[] = [];
  const allProblems = [...problems];
  const indexById = new Map<string, number>();
  let index = -1;
  for (const element of elements) {
    index += 1;
    const read = readRecord(element);
    const duplicateOf = read.usable ? indexById.get(read.record.id) : undefined;
    if (read.usable && duplicateOf === undefined) {
      records.push(shape(read.record));
      indexById.set(read.record.id, index);
      continue;
    }
    foreign.push(element);
    const reason = read.usable ? `record ${(duplicateOf ?? 0) + 1} has the same id` : read.reason;
    allProblems.push(`${nameOfElement(element, index)} cannot be used: ${reason}`);
  }
  return { records, foreign, problems: allProblems };
}
