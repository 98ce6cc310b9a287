import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { whereLinksLead } from "../../support/safe-file.ts";
import { contentsOf, readContents, type DatabaseContents } from "../store/database-contents.ts";
import { idOfText } from "../store/database-file.ts";
import { parsePythonJson } from "../store/database-text.ts";
import { elementText } from "../store/element-text.ts";
import { slimmer } from "../query/record-index.ts";
import { streamElements, type Frame } from "../store/stream-database.ts";

/** What an export reads: records for queries, of which each one's own text is fetched when it is written. */
export interface ExportSource extends Pick<DatabaseContents, "records" | "problems"> {
  /** As it stands in the database, value for value. @throws SweepError when it stands there no more. */
  readonly textOf: (record: BenchmarkRecord) => string;
  readonly close: () => void;
}

interface Place {
  readonly at: number;
  readonly bytes: number;
}

/** A large database is never held as a whole, unless it is damaged or laid out in a way of its own. */
export async function openExport(path: string): Promise<ExportSource> {
  return (
    streamed(path, await whereLinksLead(path)) ?? {
      ...(await readContents(path, true)),
      textOf: elementText,
      close: () => undefined,
    }
  );
}

function streamed(path: string, target: string): ExportSource | undefined {
  let file: number | undefined;
  try {
    // A pipe would be waited for.
    file = openSync(target, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(file).isFile()) throw new TypeError("no file");
    const { places, ...contents } = placedRecords(path, file);
    return {
      ...contents,
      textOf: textFrom(path, file, places),
      close: () => closeSync(file ?? -1),
    };
  } catch {
    if (file !== undefined) closeSync(file);
    return undefined;
  }
}

function placedRecords(path: string, file: number) {
  const places = new Map<BenchmarkRecord, Place>();
  let place: Place = { at: 0, bytes: 0 };
  const elements = function* (): Generator<unknown, Frame> {
    const placed = streamElements(file);
    for (;;) {
      const next = placed.next();
      if (next.done === true) return next.value;
      const { text, at } = next.value;
      place = { at, bytes: Buffer.byteLength(text) };
      yield parsePythonJson(text);
    }
  };
  const slim = slimmer();
  const { records, problems } = contentsOf(path, elements(), (record) => {
    const slimmed = slim(record);
    places.set(slimmed, place);
    return slimmed;
  });
  return { records, problems, places };
}

function textFrom(
  path: string,
  file: number,
  places: ReadonlyMap<BenchmarkRecord, Place>,
): (record: BenchmarkRecord) => string {
  return (record) => {
    const place = places.get(record);
    if (place === undefined) return elementText(record);
    const bytes = Buffer.allocUnsafe(place.bytes);
    const text = bytes.toString("utf8", 0, readSync(file, bytes, 0, place.bytes, place.at));
    // Whoever writes into the file itself moves what stands in it.
    if (!isRecord(text, record.id))
      throw new SweepError("the benchmark database changed while it was exported", {
        exitCode: ExitCode.usage,
        reason: `${path}: another program has written into it`,
        hint: "try again",
      });
    return text;
  };
}

function isRecord(text: string, id: string): boolean {
  try {
    return idOfText(text) === id;
  } catch {
    return false;
  }
}
