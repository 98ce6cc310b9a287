import { stat } from "node:fs/promises";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import type { BenchmarkDatabase } from "../store/database.ts";
import { readDatabaseFile } from "../store/database-file.ts";
import { parsePythonJson } from "../store/database-text.ts";
import { readPublication } from "../store/publication-log.ts";
import { judgeImport, type ImportAnswer, type ImportQuestion } from "./import-records.ts";

const MAX_FILE_BYTES = 400_000_000;

/** Reads the records of a database or an export, which is a list of records. @throws SweepError exit 2 */
export async function readImportFile(path: string): Promise<readonly unknown[]> {
  const refused = (reason: string): SweepError =>
    new SweepError(`${path} cannot be imported`, {
      exitCode: ExitCode.usage,
      reason,
      hint: "name a JSON export or a benchmark database; nothing was changed",
    });
  let stats;
  try {
    stats = await stat(path);
  } catch (error) {
    throw refused(errorText(error));
  }
  // A pipe or a device may have no end.
  if (!stats.isFile()) throw refused("it is not a file");
  if (stats.size > MAX_FILE_BYTES) throw refused("it is larger than any database can be");
  const file = await readDatabaseFile(path);
  if (file.kind === "sound") return file.elements;
  const list = file.kind === "corrupt" ? parseList(file.text) : undefined;
  if (list !== undefined) return list;
  throw refused(file.kind === "missing" ? "there is no such file" : file.why);
}

function parseList(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = parsePythonJson(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export interface Imported {
  readonly added: number;
  /** Identical records that the database already had. */
  readonly duplicates: number;
  readonly refused: ImportAnswer["refused"];
  /** Other missing records that were restored too. */
  readonly healed: number;
  /** Usable records in the database now. */
  readonly total: number;
}

/** Adds the acceptable records of a file to the database. */
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
  const published = accepted.length === 0 ? 0 : (await database.publishWithCopies(accepted)).added;
  const { added: others, total } = await database.publish(question.ours);
  const added = accepted.length;
  return { added, duplicates, refused, healed: published + others - added, total };
}
