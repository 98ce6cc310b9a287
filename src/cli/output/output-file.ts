import { once } from "node:events";
import { closeSync, constants, fstatSync, openSync, writeSync, type Stats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { sleepReal } from "../../support/clock.ts";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import { resolveLinks, writeFileAtomically } from "../../support/safe-file.ts";
import { locationsFrom, simulatedStateDir } from "../../run/locations.ts";
import { locationsOf, type SharedCall } from "../requests.ts";
import type { Terminal } from "../terminal.ts";

const RETRY_MS = 5;
/** How the names of a database's own files continue after the database's name. */
const OWN_FILE = /^(?:$|\.(?:published$|copies$|bak-|corrupt-|writer-))/;

/**
 * Refuses what `-o` must not replace: a database, its backups and logs, the journals.
 * @throws SweepError exit 2
 */
export async function checkOutput(file: string, call: SharedCall): Promise<void> {
  const named = locationsOf(call);
  const usual = locationsFrom({}, call.terminal.env);
  const target = await placeOf(file);
  const identity = await identityOf(target);
  if (identity?.isDirectory() === true) throw notWritten(file, "it is a folder");
  const databases = [named.databaseFile, usual.databaseFile, usual.simulatedDatabaseFile];
  for (const each of databases) {
    const database = await placeOf(each);
    const there = await identityOf(database);
    const same = there !== undefined && identity?.ino === there.ino && identity.dev === there.dev;
    if (same || isOwnFile(target, database))
      throw protectedFile(file, `it belongs to the database ${each}`);
  }
  for (const folder of [named.stateDir, simulatedStateDir(named.stateDir)]) {
    const runs = await placeOf(join(folder, "runs"));
    if (target.startsWith(`${runs}${sep}`))
      throw protectedFile(file, "its folder contains the journals");
  }
}

/**
 * Writes the file that `-o` names, piece by piece: a regular file is replaced in one step or left alone, a pipe or a
 * device is written to. @returns whether that is our own stdout. @throws SweepError exit 2; the reason of an interruption.
 */
export async function writeOutput(
  file: string,
  pieces: Iterable<string>,
  terminal: Terminal,
): Promise<boolean> {
  const { stdout, stderr, signals } = terminal;
  const path = resolve(file);
  try {
    const there = await identityOf(path);
    if (isOpenAs(1, there)) {
      await writeStream(stdout, pieces);
      return true;
    }
    if (isOpenAs(2, there)) await writeStream(stderr, pieces);
    else if (there === undefined || there.isFile())
      await writeFileAtomically(path, pieces, { mode: 0o644 });
    else await writeInto(path, there, pieces, signals.stop);
    return false;
  } catch (error) {
    signals.stop.throwIfAborted();
    throw notWritten(file, errorText(error));
  }
}

/** Waits while the reader is slow, and stops when it has closed the pipe, as `head` does. Only a terminal needs text. */
export async function writeStream(
  stream: NodeJS.WriteStream,
  pieces: Iterable<string>,
): Promise<void> {
  for (const piece of pieces) {
    if (stream.destroyed) return;
    if (stream.write(stream.isTTY ? piece : Buffer.from(piece))) continue;
    try {
      await once(stream, "drain");
    } catch {
      return;
    }
  }
}

/** Without blocking: a pipe without a reader would keep the process alive even at its end. */
async function writeInto(
  path: string,
  there: Stats,
  pieces: Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  if (there.isSocket()) throw new Error("it is a socket");
  const again = <T>(act: () => T, code: string): Promise<T> => retried(act, code, signal);
  const open = (): number => openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const file = there.isFIFO() ? await again(open, "ENXIO") : open();
  try {
    for (const piece of pieces) {
      const bytes = Buffer.from(piece);
      for (let at = 0; at < bytes.length;)
        at += await again(() => writeSync(file, bytes, at), "EAGAIN");
    }
  } catch (error) {
    // The reader has closed the pipe, as `head` does.
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  } finally {
    closeSync(file);
  }
}

async function retried<T>(act: () => T, code: string, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return act();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== code) throw error;
    }
    await sleepReal(RETRY_MS, signal);
  }
}

function isOpenAs(descriptor: number, there: Stats | undefined): boolean {
  if (there === undefined) return false;
  try {
    const { dev, ino } = fstatSync(descriptor);
    return dev === there.dev && ino === there.ino;
  } catch {
    return false;
  }
}

/** The path with all links resolved, also when the file does not exist yet. */
async function placeOf(path: string): Promise<string> {
  const target = await resolveLinks(path);
  const folder = await realpath(dirname(target)).catch(() => dirname(target));
  return join(folder, basename(target));
}

async function identityOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}

function isOwnFile(target: string, database: string): boolean {
  if (dirname(target) !== dirname(database)) return false;
  const name = basename(target).replace(/^\./, "");
  const known = basename(database).replace(/^\./, "");
  return name.startsWith(known) && OWN_FILE.test(name.slice(known.length));
}

function protectedFile(file: string, reason: string): SweepError {
  return new SweepError(`${file} must not be overwritten`, {
    exitCode: ExitCode.usage,
    reason,
    hint: "name another file with -o; nothing was changed",
  });
}

function notWritten(file: string, reason: string): SweepError {
  return new SweepError(`${file} could not be written`, {
    exitCode: ExitCode.usage,
    reason,
    hint: "name a file in a folder that exists and has room with -o",
  });
}
