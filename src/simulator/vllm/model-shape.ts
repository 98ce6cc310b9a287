import { findModel } from "../../catalog/model-catalog.ts";
import type { ModelFacts, Quantization } from "../../catalog/models.ts";

/** Typical shapes by size, for models of which only the name is known: [max. billions of parameters, layers, hidden]. */
const TYPICAL_SHAPES: readonly (readonly [number, number, number])[] = [
  [4, 28, 2048],
  [10, 32, 4096],
  [20, 40, 5120],
  [45, 64, 5120],
  [Infinity, 80, 8192],
];
const BYTES_PER_PARAMETER: Record<Quantization, number> = {
  none: 2,
  fp8: 1.04,
  awq: 0.56,
  gptq: 0.56,
  mxfp4: 0.6,
  "compressed-tensors": 0.58,
};
const HEAD_DIM = 128;
const KV_HEADS = 8;

/** The catalogue's facts about a model, or a guess from its name. */
export function modelShape(id: string): ModelFacts {
  return findModel(id) ?? shapeByName(id);
}

function shapeByName(id: string): ModelFacts {
  const name = id.toLowerCase();
  const paramsB = Number(/(?<![a-z\d.])(\d+(?:\.\d+)?)b(?![a-z])/.exec(name)?.[1] ?? 7);
  const activeParamsB = Number(/a(\d+(?:\.\d+)?)b(?![a-z])/.exec(name)?.[1] ?? paramsB);
  const [, layers, hidden] = TYPICAL_SHAPES.find(([most]) => paramsB < most) ?? [0, 80, 8192];
  const quantization = quantizationByName(name);
  return {
    id,
    category: paramsB < 10 ? "7b" : paramsB < 20 ? "14b" : paramsB < 45 ? "30b" : "70b",
    paramsB,
    activeParamsB,
    layers,
    hidden,
    heads: hidden / HEAD_DIM,
    kvHeads: KV_HEADS,
    headDim: HEAD_DIM,
    vocab: 151_936,
    maxPosition: 32_768,
    checkpointGib: (paramsB * 1e9 * BYTES_PER_PARAMETER[quantization]) / 2 ** 30,
    quantization,
    kvBytesPerToken: 4 * layers * KV_HEADS * HEAD_DIM,
    mla: false,
    largestTensorParallel: undefined,
    overheadGib: 0,
    kvFactor: 1,
    float16: !/gemma-?[23]|glm-?4/.test(name),
    gated: false,
  };
}

function quantizationByName(name: string): Quantization {
  if (name.includes("awq")) return "awq";
  if (/gptq|int4/.test(name)) return "gptq";
  if (name.includes("fp8")) return "fp8";
  if (/mxfp4|gpt-oss/.test(name)) return "mxfp4";
  return /w4a16|w8a/.test(name) ? "compressed-tensors" : "none";
}
