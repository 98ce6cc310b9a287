import { Argument, InvalidArgumentError, Option } from "@commander-js/extra-typings";

/** An option whose type in a handler follows from its flags: `option("--only <glob>", "…")` is `only?: string`. */
export function option<const Flags extends string>(
  flags: Flags,
  description: string,
): Option<Flags> {
  return new Option(flags, description);
}

/** `<plan>` is required, `[run]` may be left out, and `<id...>` takes the rest of the line. */
export function argument<const Usage extends string>(
  usage: Usage,
  description: string,
): Argument<Usage> {
  return new Argument(usage, description);
}

/** An option with a fixed set of values, in any case. */
export function choice<const Flags extends string, const Value extends string>(
  flags: Flags,
  description: string,
  values: readonly Value[],
) {
  const chosen = option(flags, description).argParser((text: string): Value => {
    const found = values.find((value) => value === text.toLowerCase());
    if (found === undefined)
      throw new InvalidArgumentError(`Allowed choices are ${values.join(", ")}.`);
    return found;
  });
  chosen.argChoices = [...values];
  return chosen;
}

/** Positive number. @throws InvalidArgumentError, which commander shows. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!/^(?:\d+(?:\.\d*)?|\.\d+)$/.test(text) || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError("It must be a plain decimal number above 0.");
  }
  return value;
}

/** As `dollars` of `plan/plan-schema.ts` has it, which `--help` need not load. */
const LARGEST_AMOUNT = 100_000;

/** US dollars. @throws InvalidArgumentError */
export function dollars(text: string): number {
  const value = positiveNumber(text);
  if (value > LARGEST_AMOUNT)
    throw new InvalidArgumentError("It must be at most 100,000 US dollars.");
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

/** `1,4,16`: requests in flight, in ascending order. */
function loadLevels(text: string): readonly number[] {
  const levels = text.split(",").map((level) => wholeNumber(level.trim()));
  if (levels.some((level) => level > 512))
    throw new InvalidArgumentError("At most 512 requests at once.");
  return [...new Set(levels)].toSorted((a, b) => a - b);
}

// Repeated from `evidence/suite.ts`, which `--help` need not load.
export const CATEGORIES = ["coding", "context_heavy", "reasoning"] as const;

/** How to reach Linode's API, and with which token. */
export const tokenOptions = [
  option("--token-file <file>", "holds the Linode token, else LINODE_TOKEN"),
  option("--api-url <url>", "another API address; loopback only"),
  option("--insecure-api-url", "allow one that is not loopback: it gets your token"),
] as const;

/** Which cloud to use: Linode, another API, or the simulated one. */
export const cloudOptions = [
  option("--simulate [url]", "the simulated cloud: no account, no money"),
  option("--speed <n>", "simulated seconds per second (default auto)").argParser(speedNumber),
  option("--seed <n>", "which simulated world (default 1)").argParser(seedNumber),
  ...tokenOptions,
  option("--ssh-port <port>", "SSH port of the VMs (default 22)").argParser(portNumber),
  option("--ceilings <factor>", "scale all timeouts; loopback API only")
    .argParser(positiveNumber)
    .hideHelp(),
] as const;

/** For verbs that list runs or VMs and never reach a cloud. */
export const onlySimulatedOption = option("--simulate", "only what is simulated");
export const stateOption = option("--state-dir <dir>", "journals and locks (MAIDER_SWEEP_STATE)");
export const databaseOption = option("--db <file>", "benchmark database (MAIDER_SWEEP_DB)");
export const jsonOption = option("--json", "machine-readable result on stdout");
export const eventsOption = option("--json", "events as NDJSON on stdout");

export const outputOptions = [
  option("--quiet", "no progress, only results, warnings and errors"),
  option("--no-color", "no colour (also NO_COLOR)"),
] as const;

/** Which database: for verbs that read results and never reach a cloud. */
export const resultsOptions = [
  option("--simulate", "read the database of simulated runs"),
  databaseOption,
  stateOption,
] as const;
export const withImportedOption = option("--with-imported", "rank imported records with your own");

export const maxCostOption = option("--max-cost <usd>", "hard cap in US dollars").argParser(
  dollars,
);

/** What of a plan can be overridden, but for `--skip-fresh`. */
export const overrideOptions = [
  maxCostOption,
  option("--only <name>", "only this GPU type or model; * and ? match any"),
  option("--concurrency <n>", "rentals at once").argParser(wholeNumber),
  option("--passes <n>", "passes for each configuration").argParser(wholeNumber),
  option("--max-hours <h>", "upper bound of any rental").argParser(positiveNumber),
] as const;

export const skipFreshOption = option("--skip-fresh", "leave out what is measured and not stale");

export const patienceOption = option(
  "--destroy-patience <minutes>",
  "how long to confirm deletion (default 10)",
).argParser(positiveNumber);

/** What a run takes beyond its plan. */
export const runOptions = [
  option("--ssh-cidr <cidr>", "who may reach the VMs' SSH (default: you)"),
  option("--hold <minutes>", "after a crash, keep VMs up for --resume").argParser(minutesOrZero),
  option(
    "--keep-on-failure <minutes>",
    "after a failure, leave the VM up for debugging; it is billed",
  ).argParser(minutesOrZero),
  patienceOption,
  option("--heartbeat-url <url>", "POST here each minute while a VM is up"),
  option("--notify <url>", "POST a summary of the run here when it has ended"),
  option("--detach", "continue in the background, even after logout"),
  option("--detached <log>", "the background process of --detach").hideHelp(),
  option("--yes", "start at once, without a question or a pause"),
  option("--details", "at the end, also costs, loads, failures and each VM's bill"),
] as const;

/** How a running server is measured. */
export const measureOptions = [
  choice("-c, --category <category>", "which tests (default all)", ["all", ...CATEGORIES]),
  option("--passes <n>", "passes").argParser(wholeNumber).default(1),
  option("--load <levels>", "requests in flight, for example 1,4,16")
    .argParser(loadLevels)
    .default([1]),
  option(
    "--prompts <file>",
    "your own, in YAML, JSON or JSON lines: [{name: a, category: coding, prompt: Say a, max_tokens: 64}]; category: one of -c, or custom; messages in place of prompt",
  ),
  option("--prompt <text>", "one prompt of your own"),
  choice(
    "--mode <mode>",
    "fixed: reply length and cold cache are fixed; natural: replies end by themselves",
    ["fixed", "natural", "warm-cache"],
  ).default("fixed"),
] as const;
