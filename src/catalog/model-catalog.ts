import { MODEL_FAMILIES, type Family, type Variant } from "./model-families.ts";
import type { ModelCategory, ModelFacts } from "./models.ts";
import { tensorParallelLimit } from "./tensor-parallel-limit.ts";

/** vLLM's memory per GPU other than weights and cache: activations of the profiling run, CUDA graphs and context. */
export const DEFAULT_OVERHEAD_GIB = 1.5;
/** Fitted to one start-up log of Qwen3.8-27B. Covers the vision tower, page padding and recurrent state. */
const HYBRID = { overheadGib: 2.7, kvFactor: 1.16 };

/** The category of a model with this many parameters (10^9). It may differ from the name: `20b` and `27B` are 30b. */
export function categoryOf(paramsB: number): ModelCategory {
  if (paramsB < 10) return "7b";
  if (paramsB < 20) return "14b";
  return paramsB < 45 ? "30b" : "70b";
}

/** 16-bit keys and values of all layers. */
export function kvBytesPerToken(layers: number, kvHeads: number, headDim: number): number {
  return 2 * layers * kvHeads * headDim * 2;
}

function facts(family: Family, [id, checkpointGib, quantization, gated]: Variant): ModelFacts {
  const [layers, hidden, heads, kvHeads, headDim] = family.shape;
  return {
    id,
    category: categoryOf(family.paramsB),
    paramsB: family.paramsB,
    activeParamsB: family.activeParamsB ?? family.paramsB,
    layers,
    hidden,
    heads,
    kvHeads,
    headDim,
    vocab: family.vocab,
    maxPosition: family.maxPosition,
    checkpointGib,
    quantization,
    kvBytesPerToken: family.kvBytesPerToken ?? kvBytesPerToken(layers, kvHeads, headDim),
    mla: family.mla ?? false,
    largestTensorParallel: tensorParallelLimit(quantization, {
      intermediate: family.intermediate,
      expertIntermediate: family.expertIntermediate,
    }),
    overheadGib: family.hybrid === true ? HYBRID.overheadGib : DEFAULT_OVERHEAD_GIB,
    kvFactor: family.hybrid === true ? HYBRID.kvFactor : 1,
    float16: family.float16 ?? true,
    gated: gated === "gated",
    ...(family.minVllmMinor === undefined ? {} : { minVllmMinor: family.minVllmMinor }),
  };
}

export const MODELS: readonly ModelFacts[] = MODEL_FAMILIES.flatMap((family) =>
  family.variants.map((variant) => facts(family, variant)),
);

const byId = new Map(MODELS.map((model) => [model.id, model]));

export function findModel(id: string): ModelFacts | undefined {
  return byId.get(id);
}
