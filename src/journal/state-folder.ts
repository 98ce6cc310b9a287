import { randomInt } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ExitCode, SweepError, errorText } from "../support/errors.ts";
import { makeFolder } from "../support/make-folder.ts";
import { shellWord } from "../support/shell-word.ts";

/** Name of the guard's log in a run's folder. It exists before the first create, which requires a guard. */
export const GUARD_LOG = "guard.log";

const RUN_ID = /^[a-z0-9]{8}$/;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Creates the state folder, accessible only by its owner, or checks an existing one. Whoever can write to it can have
 * VMs destroyed. @throws SweepError exit 2 if it belongs to, or is writable by, other users
 */
export function openStateFolder(stateDir: string): void {
  const runs = join(stateDir, "runs");
  try {
    makeFolder(runs, 0o700);
  } catch (error) {
    throw refused(stateDir, errorText(error), "name a writable folder with --state-dir");
  }
  for (const folder of [stateDir, runs]) checkFolder(folder);
}

/** @throws SweepError exit 2 if a folder belongs to, or is writable by, other users */
export function checkFolder(folder: string): void {
  const { mode, uid } = statSync(folder);
  if (process.getuid !== undefined && uid !== process.getuid()) {
    throw refused(folder, "it belongs to another user", "name your own folder with --state-dir");
  }
  if ((mode & WRITABLE_BY_OTHERS) !== 0) {
    throw refused(folder, "others can write to it", `chmod 700 ${shellWord(folder)}`);
  }
}

/** The folder of a run. @throws SweepError exit 2 if the id, which comes from the user, is invalid */
export function runFolder(stateDir: string, run: string): string {
  if (!RUN_ID.test(run)) {
    throw new SweepError(`${run} is not a run`, {
      exitCode: ExitCode.usage,
      reason: "a run id has eight lower-case letters and digits",
      hint: "maider-sweep status lists them",
    });
  }
  return join(stateDir, "runs", run);
}

/**
 * The folder whose lock protects a run: the state folder, or the run's own folder for runs such as those of `up`, which
 * may be concurrent with a sweep. A held VM can thus be released by its user or guard while a sweep is running.
 */
export function lockHome(stateDir: string, run: string): string {
  const folder = runFolder(stateDir, run);
  return existsSync(join(folder, "lock")) ? folder : stateDir;
}

/** Ids of all runs, oldest first. */
export function listRuns(stateDir: string): readonly string[] {
  let names: readonly string[];
  try {
    names = readdirSync(join(stateDir, "runs"));
  } catch {
    return [];
  }
  return names
    .filter((name) => RUN_ID.test(name))
    .map((run) => ({ run, createdMs: creationTimeMs(join(stateDir, "runs", run)) }))
    .sort((a, b) => a.createdMs - b.createdMs || a.run.localeCompare(b.run))
    .map(({ run }) => run);
}

/** Starts with a letter, so that YAML and spreadsheets do not read it as a number. */
export function newRunId(): string {
  const letters = "abcdefghijklmnopqrstuvwxyz";
  const any = `${letters}0123456789`;
  const rest = Array.from({ length: 7 }, () => any.charAt(randomInt(any.length)));
  return letters.charAt(randomInt(letters.length)) + rest.join("");
}

function creationTimeMs(folder: string): number {
  try {
    return statSync(folder).birthtimeMs;
  } catch {
    return 0;
  }
}

function refused(folder: string, reason: string, hint: string): SweepError {
  return new SweepError(`the state folder ${folder} cannot be used`, {
    exitCode: ExitCode.usage,
    reason,
    hint,
  });
}
