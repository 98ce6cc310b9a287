import { ExitCode } from "../../support/errors.ts";
import { locationsOf } from "../requests.ts";
import { choice, jsonOption, option, outputOptions, stateOption, wholeNumber } from "../options.ts";
import { defineSubcommand, type Verb } from "../verb.ts";

const install = defineSubcommand({
  name: "install",
  summary: "Let systemd or cron run `reap` every 10 minutes",
  options: [
    option("--token-file <file>", "file with the Linode token, mode 0600"),
    option("--every <minutes>", "default 10").argParser(wholeNumber),
    choice("--with <timer>", "default: systemd where it runs, else cron", ["systemd", "cron"]),
    option("--dry-run", "only show what would be written"),
    stateOption,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep guard install --token-file ~/.linode-token",
    "maider-sweep guard install --token-file ~/.linode-token --with cron --dry-run",
  ],
  handler: async (call) => {
    const {
      options,
      terminal: { env, stdout },
    } = call;
    const { chooseTimer, reaperJob } = await import("../../guard/reaper-job.ts");
    const job = reaperJob(locationsOf(call).stateDir, options);
    const timer = await chooseTimer(options.with, env);
    if (options.dryRun) {
      for (const { where, text } of await timer.preview(job))
        stdout.write(`==> ${where} <==\n${text}\n`);
      return ExitCode.done;
    }
    await timer.install(job);
    stdout.write(
      `installed: ${timer.name} reaps every ${String(job.minutes)} minutes; maider-sweep guard status shows its last pass\n`,
    );
    return ExitCode.done;
  },
});

const status = defineSubcommand({
  name: "status",
  summary: "Whether a timer is installed, and when a reaper was last seen",
  options: [stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep guard status"],
  handler: async (call) => {
    const { env, stdout } = call.terminal;
    const { lastReaped } = await import("../../guard/reaper-activity.ts");
    const { timerKinds } = await import("../../guard/reaper-timer.ts");
    const timers: string[] = [];
    for (const kind of timerKinds(env))
      if ((await kind.available()) && (await kind.installed())) timers.push(kind.name);
    const last = lastReaped(locationsOf(call).stateDir) ?? null;
    stdout.write(
      call.options.json
        ? `${JSON.stringify({ timers, last_pass: last })}\n`
        : `timer: ${timers.join(", ") || "none; maider-sweep guard install --token-file FILE makes one"}\nlast pass of a reaper with this state folder: ${last ?? "none"}\n`,
    );
    return ExitCode.done;
  },
});

const uninstall = defineSubcommand({
  name: "uninstall",
  summary: "Remove the timer",
  options: [...outputOptions],
  examples: ["maider-sweep guard uninstall"],
  handler: async ({ terminal: { env, stdout } }) => {
    const { timerKinds } = await import("../../guard/reaper-timer.ts");
    let removed = 0;
    for (const kind of timerKinds(env)) {
      if (!(await kind.installed())) continue;
      await kind.uninstall();
      removed += 1;
      stdout.write(`removed: ${kind.name}\n`);
    }
    if (removed === 0) stdout.write("nothing is installed\n");
    return ExitCode.done;
  },
});

export const verb: Verb = {
  name: "guard",
  group: "upkeep",
  summary: "Install a timer on this machine that destroys expired VMs",
  about: [
    "Installs, shows or removes a timer on this machine that runs `reap`, even when no other command of ours is running. The guard of a run is something else: each `run` starts its own and needs no installation.",
  ],
  related: ["reap", "recover"],
  subcommands: [install, status, uninstall],
};
