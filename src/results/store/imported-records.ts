import type { BenchmarkRecord } from "../../evidence/record.ts";
import { appendSidecar, sidecarLines } from "./sidecar-file.ts";
import { unpublishableReason } from "./unpublishable-reason.ts";

/** Saves copies of imported records, which are in no journal, next to the database. @throws SweepError */
export async function saveImportedRecords(
  database: string,
  records: readonly BenchmarkRecord[],
): Promise<void> {
  const saved = new Set((await sidecarLines(database, "copies")).map(idOfLine));
  const lines = records
    .filter(({ id }) => !saved.has(id))
    // The id comes first, so that it can be found without parsing the line.
    .map(({ id, ...others }) => JSON.stringify({ id, ...others }));
  if (lines.length > 0) await appendSidecar(database, "copies", lines);
}

/** The saved records with the wanted ids. Damaged lines are skipped. @throws SweepError */
export async function readImportedRecords(
  database: string,
  isWanted: (id: string) => boolean = () => true,
): Promise<BenchmarkRecord[]> {
  return (await sidecarLines(database, "copies")).flatMap((line) => {
    const id = idOfLine(line);
    return id !== undefined && isWanted(id) ? recordIn(line) : [];
  });
}

function idOfLine(line: string): string | undefined {
  const [, id] = /^\{"id":("(?:[^"\\]|\\.)*")/.exec(line) ?? [];
  return id === undefined ? undefined : (JSON.parse(id) as string);
}

function recordIn(line: string): BenchmarkRecord[] {
  try {
    const value: unknown = JSON.parse(line);
    return unpublishableReason(value) === undefined ? [value as BenchmarkRecord] : [];
  } catch {
    return [];
  }
}
