import type { GpuType } from "../../catalog/gpu-types.ts";
import type { ModelFacts, Quantization } from "../../catalog/models.ts";
import type { ServeJson } from "../../machine/agent-protocol.ts";
import type { MachineFault } from "../faults/fault-scripts.ts";
import { logPassage } from "./log-passages.ts";
import type { MemoryPlan } from "./memory-plan.ts";

/** When vLLM fails: before the download, or while it loads weights, allocates the cache or captures graphs. */
type Stage = "config" | "weights" | "cache" | "graphs";

/** The reason why vLLM does not start. */
export interface StartupFailure {
  readonly at: Stage;
  /** The last part of its log; see `log-passages.ts`. */
  readonly log: string;
}

/** Returns the fault of this kind that applies to a server, if any. */
export type FaultOf = (action: MachineFault["action"]) => MachineFault | undefined;

export interface StartAttempt {
  readonly request: ServeJson;
  readonly gpu: GpuType;
  readonly model: ModelFacts;
  readonly plan: MemoryPlan;
  readonly hasSecret: boolean;
  readonly faultOf: FaultOf;
}

/** Lowest compute capability of the quantisation kernels in vLLM 0.17 and later. */
const CAPABILITY_FLOOR: Record<Quantization, number> = {
  none: 70,
  awq: 75,
  gptq: 60,
  fp8: 75,
  mxfp4: 80,
  "compressed-tensors": 75,
};
/** Values of `--quantization` that fit a checkpoint. */
const ACCEPTED: Record<Quantization, readonly string[]> = {
  none: ["fp8"],
  awq: ["awq", "awq_marlin", "moe_wna16"],
  gptq: ["gptq", "gptq_marlin", "moe_wna16"],
  fp8: ["fp8"],
  mxfp4: ["mxfp4", "gpt_oss_mxfp4"],
  "compressed-tensors": ["compressed-tensors"],
};
/** vLLM's default on these GPUs. */
export const MAX_NUM_SEQS = 256;
/** Cache blocks of a hybrid model, unless the fault sets another `limit`. */
const MAMBA_BLOCKS = 16;
const AMPERE = 80;
const ADA = 89;

/** The first failure in the order of vLLM's checks; undefined if the server starts. */
export function startupFailure(attempt: StartAttempt): StartupFailure | undefined {
  return (
    hubFailure(attempt) ??
    modelFailure(attempt) ??
    cardFailure(attempt) ??
    weightsFailure(attempt) ??
    cacheFailure(attempt) ??
    graphFailure(attempt)
  );
}

function hubFailure({ request: { model: id }, model, hasSecret, faultOf }: StartAttempt) {
  if (!/^[\w.-]+\/[\w.-]+$/.test(id))
    return apiServerFails(logPassage("no repository id", { model: id }));
  if (faultOf("gated") === undefined && (!model.gated || hasSecret)) return undefined;
  const title = hasSecret ? "gated and not authorized" : "gated without a token";
  return apiServerFails(logPassage(title, { model: id }));
}

/** Failures because of the model's configuration. */
function modelFailure({ request, model }: StartAttempt): StartupFailure | undefined {
  const { max_model_len: window, quantization, tensor_parallel_size: tensor } = request;
  if (window > model.maxPosition)
    return invalidSetting("ModelConfig", "window beyond the model", {
      max_model_len: window,
      max_position: model.maxPosition,
    });
  if (quantization !== null && !ACCEPTED[model.quantization].includes(quantization))
    return invalidSetting("ModelConfig", "another quantization", {
      found: model.quantization,
      asked: quantization,
    });
  if (["half", "float16"].includes(request.dtype) && !model.float16)
    return invalidSetting("ModelConfig", "no float16", { type: request.model.split("/").at(-1)! });
  if (model.heads % tensor !== 0)
    return invalidSetting("VllmConfig", "attention heads", { heads: model.heads, tensor });
  return undefined;
}

/** Failures because of the cards or their number. */
function cardFailure({ request, gpu, model }: StartAttempt): StartupFailure | undefined {
  const { name: card, computeCapability } = gpu.card;
  const capability = (computeCapability / 10).toFixed(1);
  const world = request.tensor_parallel_size * request.pipeline_parallel_size;
  const floor = CAPABILITY_FLOOR[model.quantization];
  if (request.dtype === "bfloat16" && computeCapability < AMPERE)
    return apiServerFails(logPassage("bfloat16 on Turing", { card, capability }));
  if (world > gpu.gpus)
    return invalidSetting("ParallelConfig", "world size", { world, gpus: gpu.gpus });
  if (computeCapability < floor)
    return invalidSetting("VllmConfig", "quantization on this card", {
      quantization: model.quantization,
      floor,
      capability: computeCapability,
    });
  if (request.attention_backend === "FLASH_ATTN" && computeCapability < AMPERE)
    return apiServerFails(logPassage("attention backend"));
  if (request.kv_cache_dtype?.startsWith("fp8") === true && computeCapability < ADA)
    return apiServerFails(logPassage("fp8 cache", { capability }));
  return undefined;
}

function weightsFailure({ request, gpu, model, plan, faultOf }: StartAttempt) {
  const tensor = request.tensor_parallel_size;
  const heads = model.kvHeads;
  const divides = heads >= tensor ? heads % tensor === 0 : tensor % heads === 0;
  if (!divides && !model.mla)
    return engineFails("weights", logPassage("key-value heads", { heads, tensor }));
  if (tensor > (model.largestTensorParallel ?? tensor))
    return engineFails(
      "weights",
      logPassage("partition", { size: Math.round(model.hidden / tensor) }),
    );
  if (faultOf("out-of-memory") === undefined && plan.weightsGib < plan.usableGib) return undefined;
  return engineFails(
    "weights",
    logPassage("out of memory", {
      card: gpu.card.name,
      total_gib: (plan.usableGib + 0.5).toFixed(2),
      free_gib: Math.max(0.02, plan.usableGib - plan.weightsGib).toFixed(2),
      used_gib: plan.usableGib.toFixed(2),
    }),
  );
}

function cacheFailure({ request, plan }: StartAttempt): StartupFailure | undefined {
  if (plan.cacheGib <= 0) return engineFails("cache", logPassage("no cache"));
  if (plan.cacheTokens >= request.max_model_len) return undefined;
  return engineFails(
    "cache",
    logPassage("window beyond the cache", {
      max_model_len: request.max_model_len,
      needed_gib: (request.max_model_len * plan.gibPerToken).toFixed(2),
      cache_gib: plan.cacheGib.toFixed(2),
      longest: plan.cacheTokens - (plan.cacheTokens % 16),
    }),
  );
}

/** A hybrid model needs one cache block per running sequence; graphs need memory in addition to the cache. */
function graphFailure({ request, plan, faultOf }: StartAttempt): StartupFailure | undefined {
  if (request.enforce_eager) return undefined;
  const hybrid = faultOf("too-many-seqs");
  const limit = hybrid === undefined ? Infinity : (hybrid.limit ?? MAMBA_BLOCKS);
  const sequences = request.max_num_seqs ?? MAX_NUM_SEQS;
  if (sequences > limit)
    return engineFails(
      "graphs",
      logPassage("too many sequences", { max_num_seqs: sequences, blocks: limit }),
    );
  if (faultOf("graphs-out-of-memory") === undefined) return undefined;
  return engineFails(
    "graphs",
    logPassage("out of memory at capture", { total_gib: (plan.usableGib + 0.5).toFixed(2) }),
  );
}

/** A failure before the engine's process starts. */
function apiServerFails(cause: string): StartupFailure {
  return { at: "config", log: logPassage("the API server fails", { cause: cause.trimEnd() }) };
}

function invalidSetting(
  part: string,
  title: string,
  values: Readonly<Record<string, string | number>>,
): StartupFailure {
  const reason = logPassage(title, values).trimEnd();
  return apiServerFails(logPassage("an invalid setting", { part, reason }));
}

/** A failure in the engine's process, after which the API server only logs that the engine failed. */
function engineFails(at: Stage, passage: string): StartupFailure {
  const cause = passage.trimEnd();
  const marked = cause.replace(/^/gm, "(EngineCore pid=162) ERROR {{time}} [core.py:1510] ");
  return { at, log: logPassage("the engine fails", { cause, marked_cause: marked }) };
}
