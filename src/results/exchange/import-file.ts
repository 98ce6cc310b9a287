import { stat } from "node:fs/promises";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import type { BenchmarkDatabase } from "../store/database.ts";
import { readDatabaseFile } from "../store/database-file.ts";
import { parsePythonJson } from "../store/database-text.ts";
import { readPublication } from "../store/publication-log.ts";
import { judgeImport, type ImportAnswer, type ImportQuestion } from "./import-records.ts";

const LARGEST_FILE = 400_000_000;

/** The records of an export, which is a bare list, or of a database. @throws SweepError exit 2 */
export async function readImportFile(path: string): Promise<readonly unknown[]> {
  const refused = (reason: string): SweepError =>
    new SweepError(`${path} cannot be imported`, {
      exitCode: ExitCode.usage,
      reason,
      hint: "name a JSON export or a benchmark database; nothing was changed",
    });
  let found;
  try {
    found = await stat(path);
  } catch (error) {
    throw refused(errorText(error));
  }
  // A pipe or a device may have no end.
  if (!found.isFile()) throw refused("it is not a file");
  if (found.size > LARGEST_FILE) throw refused("it is larger than any database can be");
  const file = await readDatabaseFile(path);
  if (file.kind === "sound") return file.elements;
  const list = file.kind === "corrupt" ? listIn(file.text) : undefined;
  if (list !== undefined) return list;
  throw refused(file.kind === "missing" ? "there is no such file" : file.why);
}

function listIn(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = parsePythonJson(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export interface Imported {
  readonly added: number;
  /** Here already, the same. */
  readonly duplicates: number;
  readonly refused: ImportAnswer["refused"];
  /** Other records that were missing and have been put back on the way. */
  readonly healed: number;
  /** Records in the database now. */
  readonly total: number;
}

/** Adds those records of a file that can be used. */
export async function importInto(
  database: BenchmarkDatabase,
  question: Pick<ImportQuestion, "values" | "origin" | "ours" | "imported" | "simulated">,
): Promise<Imported> {
  const { accepted, duplicates, refused } = judgeImport({
    ...question,
    present: (await database.read()).records,
    removed: (await readPublication(database.file)).removed,
    nowMs: Date.now(),
  });
  const taken = accepted.length === 0 ? 0 : (await database.take(accepted)).added;
  const { added: others, total } = await database.publish(question.ours);
  const added = accepted.length;
  return { added, duplicates, refused, healed: taken + others - added, total };
}
