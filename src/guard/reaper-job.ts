import { statSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { errorText, ExitCode, SweepError } from "../support/errors.ts";
import { shellWord } from "../support/shell-word.ts";
import { timerKinds, type ReaperJob, type TimerKind } from "./reaper-timer.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/maider-sweep.js", import.meta.url));
const READABLE_BY_OTHERS = 0o077;
const EVERY_MINUTES = 10;
const HOW =
  '(umask 077; printf %s "$LINODE_TOKEN" > ~/.linode-token), then --token-file ~/.linode-token';

/** The command for the timer. @throws SweepError exit 2 without a token file that only its owner can read */
export function reaperJob(
  stateDir: string,
  {
    tokenFile,
    every = EVERY_MINUTES,
  }: {
    readonly tokenFile?: string;
    /** Minutes. */
    readonly every?: number;
  },
): ReaperJob {
  if (tokenFile === undefined) {
    throw new SweepError("the timer needs the token in a file", {
      exitCode: ExitCode.usage,
      reason: "it runs after this shell has ended, and a token must not be on a command line",
      hint: HOW,
    });
  }
  const path = resolve(tokenFile);
  checkPrivate(path);
  const options = ["--token-file", path, "--state-dir", stateDir, "--quiet"];
  return { argv: [process.execPath, PROGRAM, "reap", ...options], minutes: every };
}

/** @throws SweepError exit 2 if the file does not exist, or others can read it */
function checkPrivate(path: string): void {
  let mode: number;
  try {
    ({ mode } = statSync(path));
  } catch (error) {
    throw new SweepError(`the token file ${path} cannot be used`, {
      exitCode: ExitCode.usage,
      reason: errorText(error),
      hint: HOW,
    });
  }
  if ((mode & READABLE_BY_OTHERS) === 0) return;
  throw new SweepError(`others can read the token file ${path}`, {
    exitCode: ExitCode.usage,
    hint: `chmod 600 ${shellWord(path)}`,
  });
}

/** @param wanted undefined means the first that works on this machine. @throws SweepError exit 4 if none does */
export async function chooseTimer(
  wanted: TimerKind["name"] | undefined,
  env: NodeJS.ProcessEnv,
): Promise<TimerKind> {
  for (const kind of timerKinds(env)) {
    const fits = wanted === undefined ? await kind.available() : kind.name === wanted;
    if (fits) return kind;
  }
  throw new SweepError("this machine has neither a systemd user session nor cron", {
    exitCode: ExitCode.provider,
    hint: "let another machine reap: templates/github/reap.yml runs it on GitHub",
  });
}
