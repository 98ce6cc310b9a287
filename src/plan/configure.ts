import { fitModel } from "../catalog/fit-model.ts";
import type { FitQuestion } from "../catalog/fit.ts";
import { type GpuType, isTuring } from "../catalog/gpu-types.ts";
import type { ModelFacts, Quantization } from "../catalog/models.ts";
import { minVllmMinor } from "../catalog/min-vllm-minor.ts";
import type { Configuration, EngineSettings } from "./coverage-plan.ts";
import { vllmMinor } from "./validators.ts";
import {
  DEFAULT_IMAGE,
  DEFAULT_MODEL_LEN,
  defaultNumSeqs,
  type EngineFile,
} from "./plan-schema.ts";

/** Why a model cannot run on a GPU type, and the plan's key that causes it, if any. */
export interface Refusal {
  readonly reason: string;
  readonly key: keyof EngineFile | undefined;
}

export interface ConfigurationRequest {
  readonly gpu: GpuType;
  readonly model: ModelFacts;
  readonly revision: string | undefined;
  /** Settings of this model. Its window is not lowered. */
  readonly own: Omit<EngineFile, "image">;
  /** Settings for all models. Their window is lowered to what fits. */
  readonly defaults: EngineFile;
  readonly rest: Pick<Configuration, "passes" | "suites" | "load">;
}

const DEFAULT_UTILISATION = 0.9;

/** The weights that each `quantization:` can read. vLLM would report a mismatch only after minutes of starting. */
const READABLE: Readonly<Record<NonNullable<EngineFile["quantization"]>, readonly Quantization[]>> =
  {
    awq: ["awq"],
    awq_marlin: ["awq"],
    gptq: ["gptq"],
    gptq_marlin: ["gptq"],
    moe_wna16: ["awq", "gptq"],
    fp8: ["fp8", "none"],
    mxfp4: ["mxfp4"],
    "compressed-tensors": ["compressed-tensors", "fp8"],
  };

export function configure(request: ConfigurationRequest): Configuration | Refusal {
  const { gpu, model, own, defaults } = request;
  const engine = { ...defaults, ...own };
  const image = engine.image ?? DEFAULT_IMAGE;
  const gpuMemoryUtilization = engine.gpu_memory_utilization ?? DEFAULT_UTILISATION;
  const question: FitQuestion = {
    gpu,
    model: withCacheDtype(model, engine.kv_cache_dtype),
    gpuMemoryUtilization,
    maxModelLen: own.max_model_len,
    preferredModelLen: defaults.max_model_len ?? DEFAULT_MODEL_LEN,
  };
  const refusal = engineRefusal(gpu, model, engine, image);
  if (refusal !== undefined) return refusal;
  const fit = fitModel(question);
  if (!fit.fits) {
    const isWindow =
      own.max_model_len !== undefined && fitModel({ ...question, maxModelLen: undefined }).fits;
    return { reason: fit.reason, key: isWindow ? "max_model_len" : undefined };
  }
  const dtype: EngineSettings["dtype"] =
    engine.dtype === undefined || engine.dtype === "auto" ? fit.dtype : engine.dtype;
  return {
    gpu,
    model,
    revision: request.revision,
    engine: {
      image,
      gpuMemoryUtilization,
      maxModelLen: fit.maxModelLen,
      dtype,
      quantization: engine.quantization,
      // CUDA graphs are not known to work on Turing.
      enforceEager: engine.enforce_eager ?? isTuring(gpu.card),
      maxNumSeqs: engine.max_num_seqs ?? defaultNumSeqs(request.rest.load),
      kvCacheDtype: engine.kv_cache_dtype,
    },
    fit,
    fixedModelLen: own.max_model_len !== undefined,
    ...request.rest,
  };
}

function engineRefusal(
  { card }: GpuType,
  model: ModelFacts,
  engine: EngineFile,
  image: string,
): Refusal | undefined {
  const needed = minVllmMinor(card, model);
  const minor = vllmMinor(image);
  if (needed !== undefined && minor !== undefined && minor < needed)
    return {
      reason: `needs vLLM 0.${String(needed)} on ${card.name}, the image has 0.${String(minor)}`,
      key: "image",
    };
  if (
    engine.quantization !== undefined &&
    !READABLE[engine.quantization].includes(model.quantization)
  )
    return {
      reason: `\`quantization: ${engine.quantization}\` cannot read its weights (${model.quantization}); without this key, vLLM detects the quantization`,
      key: "quantization",
    };
  if (engine.dtype === "bfloat16" && isTuring(card))
    return { reason: `${card.name} has no bfloat16`, key: "dtype" };
  if (engine.dtype === "bfloat16" && engine.quantization === "awq")
    return { reason: "the plain AWQ kernel computes in float16 only", key: "dtype" };
  if ((engine.dtype === "half" || engine.dtype === "float16") && !model.float16)
    return { reason: "vLLM does not run this model in float16", key: "dtype" };
  if (isFp8(engine.kv_cache_dtype) && card.computeCapability < 89)
    return {
      reason: `an FP8 cache needs compute capability 8.9, ${card.name} has ${(card.computeCapability / 10).toFixed(1)}`,
      key: "kv_cache_dtype",
    };
  return undefined;
}

function isFp8(cache: EngineFile["kv_cache_dtype"]): boolean {
  return cache !== undefined && cache !== "auto";
}

/** An 8-bit cache is half as large as a 16-bit one. */
function withCacheDtype(model: ModelFacts, cache: EngineFile["kv_cache_dtype"]): ModelFacts {
  return isFp8(cache) ? { ...model, kvBytesPerToken: model.kvBytesPerToken / 2 } : model;
}
