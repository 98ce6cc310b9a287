import type { Fit } from "../catalog/fit.ts";
import type { GpuType } from "../catalog/gpu-types.ts";
import type { ModelFacts } from "../catalog/models.ts";
import type { Category, Suite } from "../evidence/suite.ts";
import type { MicroUsd } from "../support/money.ts";

/** A plan after parsing and validation, with all GPU types and models looked up. */
export interface CoveragePlan {
  readonly name: string;
  /** Path of the file as the user gave it, for messages; `<resume>` or `<rebench>` for a generated plan. */
  readonly source: string;
  /** The YAML source, which is copied into the run's folder. */
  readonly text: string;
  readonly budget: PlanBudget;
  /** In order of preference; empty = wherever there is stock, cheapest first. */
  readonly regions: readonly string[];
  readonly concurrency: number;
  readonly packing: "per-entry" | "fill-hours";
  readonly staleAfterDays: number;
  /** Address range that may reach the VMs' SSH; undefined = ask the echo services. */
  readonly sshCidr: string | undefined;
  /** File of the user's own prompts, absolute; undefined = the standard suites. */
  readonly prompts: string | undefined;
  readonly allowRemoteCode: boolean;
  readonly entries: readonly Entry[];
  /** Pairs from lists of GPU types that do not fit. They are reported, but are not errors. */
  readonly skipped: readonly Skip[];
}

export interface PlanBudget {
  /** Hard cap; undefined = must come from `--max-cost`. */
  readonly maxCost: MicroUsd | undefined;
  readonly maxCostPerEntry: MicroUsd | undefined;
  readonly maxHoursPerRental: number;
  readonly monthlyCap: MicroUsd | undefined;
}

/** One GPU type with the models to try on it. A list of types in the file makes one entry for each. */
export interface Entry {
  /** `entries[2]`, for messages. */
  readonly path: string;
  readonly gpu: GpuType;
  /** Overrides the plan's regions. */
  readonly regions: readonly string[];
  readonly configurations: readonly Configuration[];
}

/** GPU type x model x engine settings: the unit of coverage. */
export interface Configuration {
  readonly gpu: GpuType;
  readonly model: ModelFacts;
  /** Commit, when the plan pins it. */
  readonly revision: string | undefined;
  readonly engine: EngineSettings;
  readonly fit: Fit;
  /** The plan sets this window for this model, so it must not be shortened. */
  readonly fixedModelLen: boolean;
  readonly passes: number;
  readonly suites: readonly Category[];
  /** The user's own prompts, used instead of the standard suites. */
  readonly prompts?: Suite;
  /** Requests in flight; the first is always 1. */
  readonly load: readonly number[];
}

export interface EngineSettings {
  /** `vllm/vllm-openai:v0.27.1`, or by digest. */
  readonly image: string;
  readonly gpuMemoryUtilization: number;
  readonly maxModelLen: number;
  readonly dtype: "auto" | "half" | "bfloat16" | "float16";
  readonly quantization: string | undefined;
  readonly enforceEager: boolean;
  readonly maxNumSeqs: number;
  readonly kvCacheDtype: string | undefined;
}

export interface Skip {
  readonly gpu: string;
  readonly model: string;
  readonly reason: string;
}

/** A problem in a plan, with its line and column, counted from 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint: string | undefined;
}
