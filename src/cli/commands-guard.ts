import type { VerbFile } from "./command.ts";
import { JSON_OPTION, OUTPUT_OPTIONS, STATE_OPTION, wholeNumber } from "./options.ts";

/** The reaper's timer on this machine. */
export const GUARD_COMMANDS: VerbFile = {
  guard: {
    commands: [
      {
        name: "install",
        summary: "Let systemd or cron run `reap` every 10 minutes",
        parameters: [],
        options: [
          { flags: "--token-file <file>", description: "file with the Linode token, mode 0600" },
          { flags: "--every <minutes>", description: "default 10", parse: wholeNumber },
          {
            flags: "--with <timer>",
            description: "default: systemd where it runs, else cron",
            choices: ["systemd", "cron"],
          },
          { flags: "--dry-run", description: "only show what would be written" },
          STATE_OPTION,
          ...OUTPUT_OPTIONS,
        ],
        examples: [
          "maider-sweep guard install --token-file ~/.linode-token",
          "maider-sweep guard install --token-file ~/.linode-token --with cron --dry-run",
        ],
        load: async () => (await import("./commands/guard.ts")).guardInstall,
      },
      {
        name: "status",
        summary: "Whether a timer is installed, and when a reaper was last seen",
        parameters: [],
        options: [STATE_OPTION, JSON_OPTION, ...OUTPUT_OPTIONS],
        examples: ["maider-sweep guard status"],
        load: async () => (await import("./commands/guard.ts")).guardStatus,
      },
      {
        name: "uninstall",
        summary: "Take the timer away",
        parameters: [],
        options: [...OUTPUT_OPTIONS],
        examples: ["maider-sweep guard uninstall"],
        load: async () => (await import("./commands/guard.ts")).guardUninstall,
      },
    ],
  },
};
