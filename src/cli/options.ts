import { InvalidArgumentError } from "commander";
import type { OptionSpec } from "./command.ts";

/** Positive number. @throws InvalidArgumentError, which commander shows. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!/^(?:\d+(?:\.\d*)?|\.\d+)$/.test(text) || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError("It must be a plain decimal number above 0.");
  }
  return value;
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError("It must be a whole number of at least 1.");
  }
  return value;
}

export function seedNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw new InvalidArgumentError("It must be a whole number of at least 0.");
  return Number(text);
}

export function speedNumber(text: string): number | "auto" {
  return text === "auto" ? "auto" : positiveNumber(text);
}

export function minutesOrZero(text: string): number {
  return text === "0" ? 0 : positiveNumber(text);
}

export function portNumber(text: string): number {
  const value = text === "0" ? 0 : wholeNumber(text);
  if (value > 65_535) throw new InvalidArgumentError("It must be a port: 0 to 65535.");
  return value;
}

/** Where the far side is. */
export const WORLD_OPTIONS: readonly OptionSpec[] = [
  {
    flags: "--simulate [url]",
    description: "the simulated cloud: no account, no money",
  },
  {
    flags: "--speed <n>",
    description: "simulated seconds a second (default auto)",
    parse: speedNumber,
  },
  { flags: "--seed <n>", description: "which simulated world (default 1)", parse: seedNumber },
  {
    flags: "--token-file <file>",
    description: "holds the Linode token, else LINODE_TOKEN",
  },
  { flags: "--api-url <url>", description: "another API address; loopback only" },
  {
    flags: "--insecure-api-url",
    description: "allow one that is not loopback: it gets your token",
  },
  {
    flags: "--ssh-port <port>",
    description: "SSH port of the VMs (default 22)",
    parse: portNumber,
  },
  {
    flags: "--ceilings <factor>",
    description: "scale waiting ceilings; loopback API only",
    parse: positiveNumber,
    hidden: true,
  },
];

export const STATE_OPTION: OptionSpec = {
  flags: "--state-dir <dir>",
  description: "journals and locks (MAIDER_SWEEP_STATE)",
};
export const DB_OPTION: OptionSpec = {
  flags: "--db <file>",
  description: "benchmark database (MAIDER_SWEEP_DB)",
};
export const JSON_OPTION: OptionSpec = {
  flags: "--json",
  description: "machine-readable result on stdout",
};
export const OUTPUT_OPTIONS: readonly OptionSpec[] = [
  { flags: "--quiet", description: "no progress, only results, warnings and errors" },
  { flags: "--no-color", description: "no colour (also NO_COLOR)" },
];

/** What a plan may be overridden with. */
export const PLAN_OPTIONS: readonly OptionSpec[] = [
  { flags: "--max-cost <usd>", description: "hard cap in US dollars", parse: positiveNumber },
  { flags: "--only <glob>", description: "only GPU types or models that match" },
  { flags: "--concurrency <n>", description: "rentals at once", parse: wholeNumber },
  { flags: "--passes <n>", description: "passes for each configuration", parse: wholeNumber },
  { flags: "--max-hours <h>", description: "upper bound of any rental", parse: positiveNumber },
  { flags: "--skip-fresh", description: "leave out what is measured and not stale" },
];

export const PATIENCE_OPTION: OptionSpec = {
  flags: "--destroy-patience <minutes>",
  description: "wait for proof that VMs are gone (default 10)",
  parse: positiveNumber,
};

/** What a run takes beyond its plan. */
export const RUN_OPTIONS: readonly OptionSpec[] = [
  {
    flags: "--ssh-cidr <cidr>",
    description: "who may reach the VMs' SSH (default: your address)",
  },
  {
    flags: "--hold <minutes>",
    description: "after a crash, wait for a resume",
    parse: minutesOrZero,
  },
  {
    flags: "--keep-on-failure <minutes>",
    description: "leave a failed VM for a look",
    parse: minutesOrZero,
  },
  PATIENCE_OPTION,
  {
    flags: "--heartbeat-url <url>",
    description:
      "told each minute that a VM is open, and that all are gone (MAIDER_SWEEP_HEARTBEAT)",
  },
  { flags: "--detach", description: "go on when the terminal or the login is gone" },
  { flags: "--detached <log>", description: "the side of --detach that goes on", hidden: true },
  { flags: "--yes", description: "do not ask" },
];
