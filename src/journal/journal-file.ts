import { constants, existsSync, readFileSync, readdirSync } from "node:fs";
import { mkdir, open, writeFile, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isoUtc } from "../support/clock.ts";
import { errorText } from "../support/errors.ts";
import { syncFolder } from "../support/safe-file.ts";
import type { Journal, SweepEvent } from "./events.ts";
import { JournalError } from "./journal-errors.ts";
import { decodeLine } from "./journal-line.ts";
import { createJournal, type JournalOptions, type JournalStore } from "./create-journal.ts";
import { labelsIn } from "./label.ts";
import { GUARD_LOG } from "./state-folder.ts";
import { isPacked, readPlainOrPacked, unpackFile } from "./packed-file.ts";

export const JOURNAL_FILE = "journal.jsonl";
const TORN = "journal.torn-";
const LINE_BREAK = 0x0a;
const LINE_START = '{"v":1,"seq":';

/** The readable contents of a journal. */
export interface JournalReading {
  readonly events: readonly SweepEvent[];
  /** It ends with an incomplete line, because the program was killed while writing. */
  readonly torn: boolean;
  /** Lines before the last valid one are missing or unreadable. Create nothing, and destroy every VM named in it. */
  readonly damaged: boolean;
  /** Every label of this run in the journal, including damaged lines and torn tails. */
  readonly labels: readonly string[];
}

/** Reads the journal of a run's folder; a missing one is empty. Never throws, whatever the contents. */
export function readJournal(folder: string): JournalReading {
  const { events, torn, damaged, labels } = read(folder);
  return { events, torn: torn.length > 0, damaged, labels };
}

/** Whether the journal is packed, which means that its run has ended and its records are published. */
export function isJournalPacked(folder: string): boolean {
  const path = join(folder, JOURNAL_FILE);
  return !existsSync(path) && isPacked(path);
}

/**
 * Opens or creates the journal of a run's folder. A torn tail is moved to another file.
 * @throws JournalError if it cannot be opened for writing, FencedError if we are no longer the owner
 */
export async function openJournal(
  options: JournalOptions & { readonly folder: string },
): Promise<Journal> {
  const { folder, ownership, clock } = options;
  ownership.assertCurrent();
  const path = join(folder, JOURNAL_FILE);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await unpackFile(path);
    const past = read(folder);
    if (past.torn.length > 0) {
      const name = `${TORN}${isoUtc(clock.now()).replaceAll(":", "-")}`;
      await writeFile(join(folder, name), past.torn, { mode: 0o600, flush: true, flag: "a" });
    }
    // Following a symbolic link could write into another file.
    const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW } = constants;
    const handle = await open(path, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600);
    try {
      if (past.torn.length > 0) {
        await handle.truncate(past.wholeBytes);
        await handle.sync();
      }
      await syncFolder(folder);
      await syncFolder(dirname(folder));
    } catch (error) {
      await handle.close();
      throw error;
    }
    return createJournal(fileStore(handle, path, past.wholeBytes), past.events, options);
  } catch (error) {
    throw new JournalError(path, errorText(error));
  }
}

function fileStore(handle: FileHandle, path: string, wholeBytes: number): JournalStore {
  let size = wholeBytes;
  // After a failed sync, the kernel may have dropped the pages, so the success of a later sync means nothing.
  let broken: string | undefined;
  return {
    append: async (text) => {
      if (broken !== undefined) throw new JournalError(path, broken);
      const bytes = Buffer.from(text);
      try {
        for (let at = 0; at < bytes.length;) {
          at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
        }
      } catch (error) {
        await handle.truncate(size).catch((failure: unknown) => {
          broken = errorText(failure);
        });
        throw new JournalError(path, errorText(error));
      }
      try {
        await handle.datasync();
      } catch (error) {
        broken = errorText(error);
        throw new JournalError(path, broken);
      }
      size += bytes.length;
    },
    close: async () => {
      broken ??= "it is closed";
      await handle.close();
    },
  };
}

interface Reading {
  readonly events: readonly SweepEvent[];
  readonly torn: Buffer;
  readonly wholeBytes: number;
  readonly damaged: boolean;
  readonly labels: readonly string[];
}

function read(folder: string): Reading {
  const run = folder.slice(dirname(folder).length + 1);
  const path = join(folder, JOURNAL_FILE);
  let bytes: Buffer;
  let unreadable = false;
  try {
    bytes = readPlainOrPacked(path);
  } catch (error) {
    bytes = Buffer.alloc(0);
    unreadable = (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
  const events: SweepEvent[] = [];
  let wholeBytes = 0;
  let suspect = false;
  let damaged = false;
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(LINE_BREAK, start);
    if (end < 0) break;
    const event = decodeLine(bytes.toString("utf8", start, end));
    start = end + 1;
    if (event === undefined) {
      suspect = true;
      continue;
    }
    wholeBytes = start;
    damaged ||= suspect;
    const last = events.at(-1);
    // Ignore lines of an earlier owner that did not yet know of its successor.
    if (last !== undefined && event.gen < last.gen) continue;
    const expected = (last?.seq ?? 0) + 1;
    damaged ||= event.gen === last?.gen ? event.seq !== expected : event.seq > expected;
    events.push(event);
  }
  const torn = bytes.subarray(wholeBytes);
  const tails = tornTails(folder);
  // An interrupted write leaves at most one incomplete line. If a tail has several, complete ones were damaged.
  damaged ||= [torn, ...tails].some((tail) => tail.indexOf(LINE_START, 1) > 0);
  // A journal without events is damaged unless it starts like a line, or is empty and the run had no guard yet.
  damaged ||=
    events.length === 0 &&
    (bytes.length > 0
      ? !startsLikeLine(bytes)
      : unreadable || (existsSync(path) && existsSync(join(folder, GUARD_LOG))));
  const text = [bytes.toString("latin1"), ...tails].join("\n");
  return {
    events,
    torn,
    wholeBytes,
    damaged,
    labels: labelsIn(text, run),
  };
}

function startsLikeLine(bytes: Buffer): boolean {
  const head = bytes.toString("latin1", 0, LINE_START.length);
  return LINE_START.startsWith(head);
}

function tornTails(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.startsWith(TORN))
      .map((name) => readFileSync(join(folder, name), "latin1"));
  } catch {
    return [];
  }
}
