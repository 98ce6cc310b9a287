import { resolve } from "node:path";
import { GPU_TYPES, findGpuType } from "../../catalog/gpu-catalog.ts";
import { singlePromptSuite } from "../../evidence/custom-suite.ts";
import type { PassMode } from "../../evidence/pass.ts";
import { standardSuite } from "../../evidence/standard-suite.ts";
import { CATEGORIES } from "../../evidence/suite.ts";
import type { Category, Suite } from "../../evidence/suite.ts";
import { realClock } from "../../support/clock.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { microUsd } from "../../support/money.ts";
import { nearest } from "../../support/nearest.ts";
import { connectionTo } from "../../vllm/api-base.ts";
import type { BenchmarkJob, RentedGpu } from "../../run/benchmark-server.ts";
import type { CommandCall, Handler } from "../command.ts";
import { loadPrompts } from "../../run/load-prompts.ts";
import { checkOutput } from "../output/output-file.ts";
import { benchmarkAndPrint, type BenchmarkOutput } from "../output/print-benchmark.ts";
import { cloudRequest, locationsOf } from "../requests.ts";
import { databaseLocation } from "../../run/locations.ts";
import { findVm } from "../../sessions/find-vm.ts";
import { openForeignVm } from "../../sessions/open-foreign-vm.ts";
import { openOwnVm } from "../../sessions/open-own-vm.ts";

type Options = Readonly<Record<string, unknown>>;

export const benchmark: Handler = async (call) => {
  const { options, terminal } = call;
  const apiBase = options["apiBase"] as string | undefined;
  const session = options["session"] as string | undefined;
  if (apiBase === undefined) return benchmarkSession(session, call);
  if (session !== undefined)
    throw usage("--session and --api-base contradict each other", "give one of them");
  const apiKey = terminal.env["OPENAI_API_KEY"];
  return benchmarkAndPrint(
    {
      ...(await benchmarkOptions(call, options["output"] as string, false)),
      connection: connectionTo(apiBase, apiKey === "" ? undefined : apiKey),
      apiBase,
      model: options["model"] as string | undefined,
      rented: rentedGpu(options),
      clock: realClock(),
    },
    outputOf(call, options["output"] as string),
    terminal,
  );
};

/** The server of a VM that is up; what it is comes from the VM and from its server. */
export async function benchmarkSession(
  name: string | undefined,
  call: CommandCall,
): Promise<ExitCode> {
  const { options, terminal } = call;
  for (const [key, flag] of [
    ["gpuType", "--gpu-type"],
    ["hourlyCost", "--hourly-cost"],
  ] as const)
    if (options[key] !== undefined)
      throw usage(`${flag} is for --api-base`, "leave it out: a session's VM tells it");
  const { stateDir } = locationsOf(call);
  const found = findVm(name, terminal.env, stateDir, process.cwd());
  const signal = terminal.signals.stop;
  const vm =
    found.kind === "rental"
      ? await openOwnVm(found.rental, signal)
      : await openForeignVm(found.session, cloudRequest(call), terminal.env, signal);
  try {
    for (const warning of vm.warnings) terminal.stderr.write(`warning: ${warning}\n`);
    const output = (options["output"] as string | undefined) ?? `.benchmark-${found.name}.json`;
    return await benchmarkAndPrint(
      {
        ...(await benchmarkOptions(call, output, vm.simulated === true)),
        ...vm,
        model: (options["model"] as string | undefined) ?? vm.model,
        session: found.name,
      },
      outputOf(call, output),
      terminal,
    );
  } finally {
    await vm.close();
  }
}

/** What the options say wherever the server is. @throws SweepError (usage) */
async function benchmarkOptions(
  call: CommandCall,
  output: string,
  simulated: boolean,
): Promise<
  Pick<BenchmarkJob, "suite" | "categoryFilter" | "passes" | "load" | "mode" | "database">
> {
  const { options } = call;
  await checkOutput(output, call);
  const custom = await customPrompts(options);
  const category = options["category"] as Category | "all" | undefined;
  if (custom !== undefined && category !== undefined)
    throw usage("-c chooses among the standard prompts", "leave -c out with your own prompts");
  if (options["saveToDb"] === true && options["db"] === false)
    throw usage("--save-to-db and --no-db contradict each other", "give one of them");
  return {
    suite:
      custom ??
      standardSuite(category === undefined || category === "all" ? CATEGORIES : [category]),
    categoryFilter: custom === undefined ? (category ?? "all") : "custom",
    passes: options["passes"] as number,
    load: options["load"] as readonly number[],
    mode: options["mode"] as PassMode,
    database:
      options["db"] === false ? undefined : databaseLocation(locationsOf(call), simulated).file,
  };
}

function outputOf({ options }: CommandCall, file: string): BenchmarkOutput {
  return {
    output: resolve(file),
    json: options["json"] === true,
    quiet: options["quiet"] === true,
  };
}

async function customPrompts(options: Options): Promise<Suite | undefined> {
  const file = options["prompts"] as string | undefined;
  const prompt = options["prompt"] as string | undefined;
  if (file !== undefined && prompt !== undefined)
    throw usage("--prompts and --prompt contradict each other", "give one of them");
  if (file !== undefined) return loadPrompts(file);
  return prompt === undefined ? undefined : singlePromptSuite(prompt);
}

/** Undefined unless both are told: a record without its price or its GPU says nothing. */
function rentedGpu(options: Options): RentedGpu | undefined {
  const id = options["gpuType"] as string | undefined;
  const hourly = options["hourlyCost"] as number | undefined;
  const type = id === undefined ? undefined : findGpuType(id);
  if (id !== undefined && type === undefined) {
    const meant = nearest(
      id,
      GPU_TYPES.map((known) => known.id),
    );
    throw usage(
      `${id} is no GPU type that is known`,
      meant === undefined
        ? `one of ${GPU_TYPES.map((known) => known.id).join(", ")}`
        : `did you mean ${meant}?`,
    );
  }
  if (type === undefined || hourly === undefined) return undefined;
  return {
    gpu: { id: type.id, gpus: type.gpus, vramGb: type.card.vramGb },
    priceMicroUsd: microUsd(hourly),
  };
}

function usage(what: string, hint: string): SweepError {
  return new SweepError(what, { exitCode: ExitCode.usage, hint });
}
