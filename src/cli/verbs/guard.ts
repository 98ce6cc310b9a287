import { asCommandCall } from "../command.ts";
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
  handler: async (call) => (await import("../commands/guard.ts")).guardInstall(asCommandCall(call)),
});

const status = defineSubcommand({
  name: "status",
  summary: "Whether a timer is installed, and when a reaper was last seen",
  options: [stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep guard status"],
  handler: async (call) => (await import("../commands/guard.ts")).guardStatus(asCommandCall(call)),
});

const uninstall = defineSubcommand({
  name: "uninstall",
  summary: "Remove the timer",
  options: [...outputOptions],
  examples: ["maider-sweep guard uninstall"],
  handler: async (call) =>
    (await import("../commands/guard.ts")).guardUninstall(asCommandCall(call)),
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
