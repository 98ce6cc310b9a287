import type { BenchmarkRecord } from "../../evidence/record.ts";
import { appendSidecar, sidecarLines } from "./sidecar-file.ts";
import { whyNotPublishable } from "./why-not-publishable.ts";

/** Keeps records that no journal holds, such as imported ones, beside the database; those it has it keeps as they are. @throws SweepError */
export async function saveImportedRecords(
  database: string,
  records: readonly BenchmarkRecord[],
): Promise<void> {
  const kept = new Set((await sidecarLines(database, "copies")).map(idOfLine));
  const lines = records
    .filter(({ id }) => !kept.has(id))
    // The id leads, so that a line need not be parsed to be known.
    .map(({ id, ...others }) => JSON.stringify({ id, ...others }));
  if (lines.length > 0) await appendSidecar(database, "copies", lines);
}

/**
 * The copies whose ids are wanted. Lines that are cut or strange are passed over. @throws SweepError
 */
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
    return whyNotPublishable(value) === undefined ? [value as BenchmarkRecord] : [];
  } catch {
    return [];
  }
}
