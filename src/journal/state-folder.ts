import { randomInt } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ExitCode, SweepError, errorText } from "../support/errors.ts";
import { makeFolder } from "../support/make-folder.ts";
import { shellWord } from "../support/shell-word.ts";

/** In a run's folder, from before its first create on: no VM is ever ordered without a guard. */
export const GUARD_LOG = "guard.log";

const RUN_ID = /^[a-z0-9]{8}$/;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Creates the state folder for its owner only, or checks the one that is there: who can write into it can have
 * VMs destroyed. @throws SweepError exit 2 when it belongs to, or can be written by, anybody else.
 */
export function openStateFolder(stateDir: string): void {
  const runs = join(stateDir, "runs");
  try {
    makeFolder(runs, 0o700);
  } catch (error) {
    throw refused(stateDir, errorText(error), "name a folder that you can write with --state-dir");
  }
  for (const folder of [stateDir, runs]) checkFolder(folder);
}

/** @throws SweepError exit 2 when others than its owner could change what is in it. */
export function checkFolder(folder: string): void {
  const { mode, uid } = statSync(folder);
  if (process.getuid !== undefined && uid !== process.getuid()) {
    throw refused(folder, "it belongs to another user", "name one of your own with --state-dir");
  }
  if ((mode & WRITABLE_BY_OTHERS) !== 0) {
    throw refused(folder, "others can write into it", `chmod 700 ${shellWord(folder)}`);
  }
}

/** Where everything of a run lies. The id comes from users: it is checked. @throws SweepError exit 2 */
export function runFolder(stateDir: string, run: string): string {
  if (!RUN_ID.test(run)) {
    throw new SweepError(`${run} is not a run`, {
      exitCode: ExitCode.usage,
      reason: "a run is named by eight lower-case letters and digits",
      hint: "maider-sweep status lists them",
    });
  }
  return join(stateDir, "runs", run);
}

/**
 * Whose lock a run is under: the state folder's, or its own when it was begun beside others, as `up` does. So a VM
 * that is held can be let go, by its user or by its guard, while a sweep runs.
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
    .map((run) => ({ run, bornMs: bornMs(join(stateDir, "runs", run)) }))
    .sort((a, b) => a.bornMs - b.bornMs || a.run.localeCompare(b.run))
    .map(({ run }) => run);
}

/** Begins with a letter, so that no shell, YAML or spreadsheet takes it for a number. */
export function newRunId(): string {
  const letters = "abcdefghijklmnopqrstuvwxyz";
  const any = `${letters}0123456789`;
  const rest = Array.from({ length: 7 }, () => any.charAt(randomInt(any.length)));
  return letters.charAt(randomInt(letters.length)) + rest.join("");
}

function bornMs(folder: string): number {
  try {
    return statSync(folder).birthtimeMs;
  } catch {
    return 0;
  }
}

function refused(folder: string, reason: string, hint: string): SweepError {
  return new SweepError(`the state folder ${folder} is not used`, {
    exitCode: ExitCode.usage,
    reason,
    hint,
  });
}
