import { statSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import { shellWord } from "../../support/shell-word.ts";
import type { CommandCall, Handler } from "../command.ts";
import { locationsOf } from "../requests.ts";
import { lastReaped } from "../../guard/reaper-sign.ts";
import { timerKinds } from "../../guard/reaper-timer.ts";
import type { ReaperJob, TimerKind } from "../../guard/reaper-timer.ts";

const PROGRAM = fileURLToPath(new URL("../../../bin/maider-sweep.js", import.meta.url));
const READABLE_BY_OTHERS = 0o077;
const EVERY_MINUTES = 10;
const HOW =
  '(umask 077; printf %s "$LINODE_TOKEN" > ~/.linode-token), then --token-file ~/.linode-token';

/** A timer of this machine that destroys what has expired, also when nothing of ours runs. */
export const guardInstall: Handler = async (call) => {
  const { options, terminal } = call;
  const job = jobOf(call);
  const kind = await chosen(call);
  if (options["dryRun"] === true) {
    for (const { where, text } of await kind.preview(job))
      terminal.stdout.write(`==> ${where} <==\n${text}\n`);
    return ExitCode.done;
  }
  await kind.install(job);
  terminal.stdout.write(
    `installed: ${kind.name} reaps every ${String(job.minutes)} minutes; maider-sweep guard status shows its last pass\n`,
  );
  return ExitCode.done;
};

export const guardStatus: Handler = async (call) => {
  const { options, terminal } = call;
  const timers: string[] = [];
  for (const kind of timerKinds(terminal.env))
    if ((await kind.available()) && (await kind.installed())) timers.push(kind.name);
  const last = lastReaped(locationsOf(call).stateDir) ?? null;
  if (options["json"] === true) {
    terminal.stdout.write(`${JSON.stringify({ timers, last_pass: last })}\n`);
    return ExitCode.done;
  }
  terminal.stdout.write(
    `timer: ${timers.join(", ") || "none; maider-sweep guard install --token-file FILE makes one"}\n` +
      `last pass of a reaper with this state folder: ${last ?? "none"}\n`,
  );
  return ExitCode.done;
};

export const guardUninstall: Handler = async ({ terminal }) => {
  let removed = 0;
  for (const kind of timerKinds(terminal.env)) {
    if (!(await kind.installed())) continue;
    await kind.uninstall();
    removed += 1;
    terminal.stdout.write(`removed: ${kind.name}\n`);
  }
  if (removed === 0) terminal.stdout.write("nothing is installed\n");
  return ExitCode.done;
};

function jobOf(call: CommandCall): ReaperJob {
  const { options } = call;
  const file = options["tokenFile"] as string | undefined;
  if (file === undefined) {
    throw new SweepError("the timer needs the token in a file", {
      exitCode: ExitCode.usage,
      reason: "it runs when this shell is gone, and a token stands in no command line",
      hint: HOW,
    });
  }
  const path = resolve(file);
  checkPrivate(path);
  return {
    argv: [
      process.execPath,
      PROGRAM,
      "reap",
      "--token-file",
      path,
      "--state-dir",
      locationsOf(call).stateDir,
      "--quiet",
    ],
    minutes: (options["every"] as number | undefined) ?? EVERY_MINUTES,
  };
}

/** @throws SweepError exit 2 when it is not there, or others can read it. */
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

async function chosen({ options, terminal }: CommandCall): Promise<TimerKind> {
  const wanted = options["with"] as string | undefined;
  for (const kind of timerKinds(terminal.env)) {
    const fits = wanted === undefined ? await kind.available() : kind.name === wanted;
    if (fits) return kind;
  }
  throw new SweepError("this machine has neither a systemd user session nor cron", {
    exitCode: ExitCode.provider,
    hint: "let another machine reap: templates/github/reap.yml runs it on GitHub",
  });
}
