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
import { connectionTo } from "../api-base.ts";
import { benchmarkServer } from "../benchmark-server.ts";
import type { BenchmarkJob, RentedGpu } from "../benchmark-server.ts";
import type { Handler } from "../command.ts";
import { loadPrompts } from "../load-prompts.ts";
import { databaseFile } from "../paths.ts";

type Options = Readonly<Record<string, unknown>>;

export const benchmark: Handler = async ({ options, terminal }) => {
  const apiBase = options["apiBase"] as string | undefined;
  if (apiBase === undefined)
    throw new SweepError("no server to benchmark", {
      exitCode: ExitCode.usage,
      reason: "--api-base is missing",
      hint: "maider-sweep benchmark --api-base http://127.0.0.1:8000/v1",
    });
  const apiKey = terminal.env["OPENAI_API_KEY"];
  return benchmarkServer(
    {
      ...(await benchmarkOptions(options, terminal.env)),
      connection: connectionTo(apiBase, apiKey === "" ? undefined : apiKey),
      apiBase,
      model: options["model"] as string | undefined,
      rented: rentedGpu(options),
      clock: realClock(),
    },
    terminal,
  );
};

/** What the options say wherever the server is. @throws SweepError (usage) */
export async function benchmarkOptions(
  options: Options,
  env: NodeJS.ProcessEnv,
): Promise<
  Pick<
    BenchmarkJob,
    | "suite"
    | "categoryFilter"
    | "passes"
    | "load"
    | "mode"
    | "output"
    | "database"
    | "json"
    | "quiet"
  >
> {
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
    output: resolve(options["output"] as string),
    database: options["db"] === false ? undefined : databaseFile(options, env, false),
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
