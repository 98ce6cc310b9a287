import { resolve } from "node:path";
import { singlePromptSuite } from "../evidence/custom-suite.ts";
import type { PassMode } from "../evidence/pass.ts";
import { standardSuite } from "../evidence/standard-suite.ts";
import { CATEGORIES, type Category, type Suite } from "../evidence/suite.ts";
import type { BenchmarkJob, RentedGpu } from "../run/benchmark-server.ts";
import { loadPrompts } from "../run/preflight/load-prompts.ts";
import { databaseLocation } from "../run/locations.ts";
import { findVm } from "../sessions/find-vm.ts";
import { openForeignVm } from "../sessions/open-foreign-vm.ts";
import { openOwnVm } from "../sessions/open-own-vm.ts";
import { realClock } from "../support/clock.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { microUsd } from "../support/money.ts";
import { connectionTo } from "../vllm/api-base.ts";
import { namedGpu } from "./known-names.ts";
import { checkOutput } from "./output/output-file.ts";
import { benchmarkAndPrint } from "./output/print-benchmark.ts";
import { cloudRequest, locationsOf, type SharedCall } from "./requests.ts";
import type { Terminal } from "./terminal.ts";

/** The call of a verb that measures a running server. */
export type MeasuringCall = SharedCall & {
  readonly options: {
    readonly category?: Category | "all";
    readonly passes: number;
    readonly load: readonly number[];
    readonly mode: PassMode;
    /** A file of prompts, or one prompt; not both. */
    readonly prompts?: string;
    readonly prompt?: string;
    /** Served name; the default is the session's, or the first that the server lists. */
    readonly model?: string;
    readonly saveToDb?: true;
    readonly json?: true;
    readonly quiet?: true;
  };
  readonly terminal: Terminal;
};

/** What a server at an address of its own runs on. */
export interface RentedAs {
  readonly gpuType?: string;
  readonly hourlyCost?: number;
}

/** Measures the server at an address. @param output the file for the JSON */
export async function benchmarkAddress(
  apiBase: string,
  rentedAs: RentedAs,
  output: string,
  call: MeasuringCall,
): Promise<ExitCode> {
  const { options, terminal } = call;
  const apiKey = terminal.env["OPENAI_API_KEY"];
  const job = {
    ...(await measurementOf(call, output, false)),
    connection: connectionTo(apiBase, apiKey === "" ? undefined : apiKey),
    apiBase,
    model: options.model,
    rented: rentedGpu(rentedAs),
    clock: realClock(),
  };
  return benchmarkAndPrint(job, outputOf(call, output), terminal);
}

/**
 * Measures the server of a VM that is up; what it runs on is read from the VM and from its server.
 * @param name of the session, or the label or run of the VM; default: the current session
 * @param output the file for the JSON; default: `.benchmark-SESSION.json`
 */
export async function benchmarkSession(
  name: string | undefined,
  output: string | undefined,
  call: MeasuringCall,
): Promise<ExitCode> {
  const { options, terminal } = call;
  const { env, signals, stderr } = terminal;
  const found = findVm(name, env, locationsOf(call).stateDir, process.cwd());
  const vm =
    found.kind === "rental"
      ? await openOwnVm(found.rental, signals.stop)
      : await openForeignVm(found.session, cloudRequest(call), env, signals.stop);
  try {
    for (const warning of vm.warnings) stderr.write(`warning: ${warning}\n`);
    const file = output ?? `.benchmark-${found.name}.json`;
    const job = {
      ...(await measurementOf(call, file, vm.simulated === true)),
      ...vm,
      model: options.model ?? vm.model,
      session: found.name,
    };
    return await benchmarkAndPrint(job, outputOf(call, file), terminal);
  } finally {
    await vm.close();
  }
}

/** What is measured, wherever the server is. @throws SweepError exit 2 */
async function measurementOf(
  call: MeasuringCall,
  output: string,
  simulated: boolean,
): Promise<
  Pick<BenchmarkJob, "suite" | "categoryFilter" | "passes" | "load" | "mode" | "database">
> {
  const { category, db, load, mode, passes, saveToDb } = call.options;
  await checkOutput(output, call);
  const custom = await customPrompts(call);
  if (custom !== undefined && category !== undefined)
    throw usageError("-c chooses among the standard prompts", "leave -c out with your own prompts");
  if (saveToDb && db === false)
    throw usageError("--save-to-db and --no-db contradict each other", "give one of them");
  const categories = category === undefined || category === "all" ? CATEGORIES : [category];
  return {
    suite: custom ?? standardSuite(categories),
    categoryFilter: custom === undefined ? (category ?? "all") : "custom",
    passes,
    load,
    mode,
    database: db === false ? undefined : databaseLocation(locationsOf(call), simulated).file,
  };
}

async function customPrompts({
  options: { prompt, prompts },
}: MeasuringCall): Promise<Suite | undefined> {
  if (prompts !== undefined && prompt !== undefined)
    throw usageError("--prompts and --prompt contradict each other", "give one of them");
  if (prompts !== undefined) return loadPrompts(prompts);
  return prompt === undefined ? undefined : singlePromptSuite(prompt);
}

/** Undefined unless both are given: a record without its price or its GPU would be useless. */
function rentedGpu({ gpuType, hourlyCost }: RentedAs): RentedGpu | undefined {
  const type = gpuType === undefined ? undefined : namedGpu(gpuType);
  if (type === undefined || hourlyCost === undefined) return undefined;
  return {
    gpu: { id: type.id, gpus: type.gpus, vramGb: type.card.vramGb },
    priceMicroUsd: microUsd(hourlyCost),
  };
}

function outputOf({ options: { json, quiet } }: MeasuringCall, file: string) {
  return { output: resolve(file), json: json === true, quiet: quiet === true };
}

function usageError(message: string, hint: string): SweepError {
  return new SweepError(message, { exitCode: ExitCode.usage, hint });
}
