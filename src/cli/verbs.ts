import type { CommandGroup, CommandSpec, VerbFile } from "./command.ts";

/** A verb as `--help` lists it; what it takes is loaded only when it was named. */
export interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly file: () => Promise<VerbFile>;
}

const sweep = async () => (await import("./commands-sweep.ts")).SWEEP_COMMANDS;
const measuring = async () => (await import("./commands-benchmark.ts")).BENCHMARK_COMMANDS;
const byHand = async () => (await import("./commands-by-hand.ts")).BY_HAND_COMMANDS;
const reading = async () => (await import("./commands-reading.ts")).READING_COMMANDS;
const front = async () => (await import("./commands-front.ts")).FRONT_COMMANDS;
const database = async () => (await import("./commands-database.ts")).DATABASE_COMMANDS;
const guard = async () => (await import("./commands-guard.ts")).GUARD_COMMANDS;

/** Every verb, in the order of `--help`. */
export const VERBS: readonly Verb[] = [
  { name: "run", summary: "Rent, benchmark and destroy what a plan names", file: sweep },
  { name: "estimate", summary: "What a plan will take and cost; nothing but reads", file: sweep },
  {
    name: "rebench",
    summary: "Benchmark one configuration again, or all that are stale",
    file: sweep,
  },
  {
    name: "status",
    summary: "Every run: its VMs, stages, dollars spent and reserved",
    file: sweep,
  },
  { name: "stop", summary: "Stop a sweep from another shell; results are kept", file: sweep },
  {
    name: "recover",
    summary: "Destroy what dead runs have left, and close their books",
    file: sweep,
  },
  {
    name: "reap",
    summary: "Destroy expired VMs of ours, from any machine with a token",
    file: sweep,
  },
  { name: "guard", summary: "A timer of this machine that destroys expired VMs", file: guard },
  { name: "drill", summary: "Show that no death of the program leaves a VM", file: sweep },
  { name: "simulator", summary: "The simulated cloud, as a server on this machine", file: sweep },
  {
    name: "benchmark",
    summary: "Measure a vLLM that is already running: a session's, or any",
    file: measuring,
  },
  {
    name: "benchmark-collect",
    summary:
      "Benchmark a VM that is up into the database: that of a session, or of the current one",
    file: measuring,
  },
  { name: "up", summary: "Rent a VM with a model and leave it up, with a session", file: byHand },
  { name: "list", summary: "What is up: sessions, dollars so far, how long still", file: byHand },
  { name: "down", summary: "Let go of a VM that is up: destroyed and proved gone", file: byHand },
  { name: "benchmark-compare", summary: "Compare results across configurations", file: reading },
  {
    name: "benchmark-status",
    summary: "Coverage and gaps: what was tested, how often, when",
    file: reading,
  },
  {
    name: "recommend",
    summary: "Which configuration to take, from what was measured",
    file: reading,
  },
  {
    name: "report",
    summary: "The decision, charts and money on one offline HTML page",
    file: reading,
  },
  {
    name: "db",
    summary: "Look after the database: check, repair, restore, export",
    file: database,
  },
  { name: "init", summary: "Write a plan, and show what it will cost", file: front },
  { name: "doctor", summary: "Whether a run would get through; reads only", file: front },
  { name: "logs", summary: "What a run kept: its story and the logs of failures", file: front },
  { name: "schema", summary: "The JSON Schema of plans, for editors", file: front },
  {
    name: "completion",
    summary: "A script that lets a shell complete verbs and options",
    file: front,
  },
];

export async function commandOf({
  name,
  summary,
  file,
}: Verb): Promise<CommandSpec | CommandGroup> {
  const details = (await file())[name];
  if (details === undefined) throw new Error(`${name} says nowhere what it takes`);
  return { name, summary, ...details };
}

/** All of them, whole: for a manual and for shells. */
export function allCommands(): Promise<readonly (CommandSpec | CommandGroup)[]> {
  return Promise.all(VERBS.map(commandOf));
}
