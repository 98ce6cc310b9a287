import type { Quantization } from "./models.ts";

export type Variant = readonly [
  id: string,
  checkpointGib: number,
  quantization: Quantization,
  gated?: "gated",
];

/** Checkpoints that share an architecture. Figures come from the models' config.json; `ModelFacts` explains them. */
export interface Family {
  readonly paramsB: number;
  /** Only for a mixture of experts. */
  readonly activeParamsB?: number;
  readonly shape: readonly [
    layers: number,
    hidden: number,
    heads: number,
    kvHeads: number,
    headDim: number,
  ];
  readonly intermediate?: number;
  /** Only for a mixture of experts. */
  readonly expertIntermediate?: number;
  readonly vocab: number;
  readonly maxPosition: number;
  /** Only if some layers do not cache every token. */
  readonly kvBytesPerToken?: number;
  readonly mla?: boolean;
  /** Mixes linear and full attention, and has a vision tower. */
  readonly hybrid?: boolean;
  readonly float16?: boolean;
  readonly minVllmMinor?: number;
  readonly variants: readonly Variant[];
}

/**
 * Checkpoint sizes come from vLLM's logs where available, and are otherwise computed: 2 bytes per parameter in bf16,
 * 0.51953 bytes per 4-bit weight in groups of 128, 1.00024 bytes per FP8 weight; embeddings and head stay at 2 bytes.
 */
// oxfmt-ignore
export const MODEL_FAMILIES: readonly Family[] = [
  { paramsB: 7.616, shape: [28, 3584, 28, 4, 128], intermediate: 18944, vocab: 152064, maxPosition: 32768, variants: [
    ["Qwen/Qwen2.5-Coder-7B-Instruct", 14.19, "none"],
    ["Qwen/Qwen2.5-Coder-7B-Instruct-AWQ", 5.19, "awq"],
    ["Qwen/Qwen2.5-Coder-7B-Instruct-GPTQ-Int4", 5.19, "gptq"],
  ] },
  { paramsB: 8.191, shape: [36, 4096, 32, 8, 128], intermediate: 12288, vocab: 151936, maxPosition: 40960, variants: [
    ["Qwen/Qwen3-8B", 15.26, "none"],
    ["Qwen/Qwen3-8B-AWQ", 5.68, "awq"],
    ["Qwen/Qwen3-8B-FP8", 8.79, "fp8"],
  ] },
  { paramsB: 9.653, shape: [32, 4096, 16, 4, 256], intermediate: 12288, vocab: 248320, maxPosition: 262144,
    kvBytesPerToken: 32768, hybrid: true, minVllmMinor: 17, variants: [
    ["Qwen/Qwen3.5-9B", 17.98, "none"],
  ] },
  { paramsB: 8.792, shape: [40, 4096, 32, 8, 128], intermediate: 12800, vocab: 100352, maxPosition: 131072, variants: [
    ["ibm-granite/granite-4.1-8b", 16.38, "none"],
  ] },
  { paramsB: 8.03, shape: [32, 4096, 32, 8, 128], intermediate: 14336, vocab: 128256, maxPosition: 131072, variants: [
    ["meta-llama/Llama-3.1-8B-Instruct", 14.96, "none", "gated"],
    ["hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4", 5.33, "awq"],
  ] },
  { paramsB: 14.77, shape: [48, 5120, 40, 8, 128], intermediate: 13824, vocab: 152064, maxPosition: 32768, variants: [
    ["Qwen/Qwen2.5-Coder-14B-Instruct", 27.51, "none"],
    ["Qwen/Qwen2.5-Coder-14B-Instruct-AWQ", 9.38, "awq"],
    ["Qwen/Qwen2.5-Coder-14B-Instruct-GPTQ-Int4", 9.38, "gptq"],
  ] },
  { paramsB: 14.768, shape: [40, 5120, 40, 8, 128], intermediate: 17408, vocab: 151936, maxPosition: 40960, variants: [
    ["Qwen/Qwen3-14B", 27.51, "none"],
    ["Qwen/Qwen3-14B-AWQ", 9.29, "awq"],
    ["Qwen/Qwen3-14B-FP8", 15.21, "fp8"],
  ] },
  { paramsB: 14.77, shape: [48, 5120, 40, 8, 128], intermediate: 13824, vocab: 152064, maxPosition: 131072, variants: [
    ["deepseek-ai/DeepSeek-R1-Distill-Qwen-14B", 27.51, "none"],
  ] },
  // Ten KV heads: at tensor parallelism 4 vLLM fails on a bare assertion.
  { paramsB: 14.66, shape: [40, 5120, 40, 10, 128], intermediate: 17920, vocab: 100352, maxPosition: 16384, variants: [
    ["microsoft/phi-4", 27.31, "none"],
  ] },
  { paramsB: 15.706, activeParamsB: 2.4, shape: [27, 2048, 16, 16, 128], expertIntermediate: 1408, vocab: 102400,
    maxPosition: 163840, kvBytesPerToken: 31104, mla: true, variants: [
    ["deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct", 29.26, "none"],
  ] },
  { paramsB: 15.958, shape: [40, 6144, 48, 4, 128], intermediate: 24576, vocab: 49152, maxPosition: 16384, variants: [
    ["bigcode/starcoder2-15b-instruct-v0.1", 29.72, "none"],
  ] },
  { paramsB: 20.915, activeParamsB: 3.5, shape: [24, 2880, 64, 8, 64], expertIntermediate: 2880, vocab: 201088,
    maxPosition: 131072, variants: [
    ["openai/gpt-oss-20b", 12.88, "mxfp4"],
  ] },
  { paramsB: 23.572, shape: [40, 5120, 32, 8, 128], intermediate: 32768, vocab: 131072, maxPosition: 131072, variants: [
    ["mistralai/Devstral-Small-2505", 43.91, "none"],
  ] },
  { paramsB: 23.572, shape: [40, 5120, 32, 8, 128], intermediate: 32768, vocab: 131072, maxPosition: 32768, variants: [
    ["stelterlab/Mistral-Small-24B-Instruct-2501-AWQ", 13.26, "awq"],
  ] },
  { paramsB: 22.247, shape: [56, 6144, 48, 8, 128], intermediate: 16384, vocab: 32768, maxPosition: 32768, variants: [
    ["mistralai/Codestral-22B-v0.1", 41.4, "none", "gated"],
  ] },
  { paramsB: 30.532, activeParamsB: 3.3, shape: [48, 2048, 32, 4, 128], expertIntermediate: 768, vocab: 151936,
    maxPosition: 40960, variants: [
    ["Qwen/Qwen3-30B-A3B-GPTQ-Int4", 15.63, "gptq"],
  ] },
  { paramsB: 30.532, activeParamsB: 3.3, shape: [48, 2048, 32, 4, 128], expertIntermediate: 768, vocab: 151936,
    maxPosition: 262144, variants: [
    ["Qwen/Qwen3-Coder-30B-A3B-Instruct", 56.87, "none"],
    ["Qwen/Qwen3-Coder-30B-A3B-Instruct-FP8", 29.06, "fp8"],
    ["QuantTrio/Qwen3-Coder-30B-A3B-Instruct-AWQ", 15.67, "awq"],
  ] },
  { paramsB: 27.781, shape: [64, 5120, 24, 4, 256], intermediate: 17408, vocab: 248320, maxPosition: 262144,
    kvBytesPerToken: 65536, hybrid: true, minVllmMinor: 17, variants: [
    ["Qwen/Qwen3.8-27B", 51.75, "none"],
    ["Qwen/Qwen3.8-27B-FP8", 28.92, "fp8"],
    ["Intel/Qwen3.6-27B-int4-AutoRound", 16.8, "gptq"],
  ] },
  { paramsB: 35.954, activeParamsB: 3, shape: [40, 2048, 16, 2, 256], expertIntermediate: 512, vocab: 248320,
    maxPosition: 262144, kvBytesPerToken: 20480, hybrid: true, minVllmMinor: 17, variants: [
    ["Qwen/Qwen3.6-35B-A3B-FP8", 34.9, "fp8"],
  ] },
  { paramsB: 32.764, shape: [64, 5120, 40, 8, 128], intermediate: 27648, vocab: 152064, maxPosition: 32768, variants: [
    ["Qwen/Qwen2.5-Coder-32B-Instruct", 61.03, "none"],
    ["Qwen/Qwen2.5-Coder-32B-Instruct-AWQ", 18, "awq"],
    ["Qwen/Qwen2.5-Coder-32B-Instruct-GPTQ-Int4", 18, "gptq"],
  ] },
  { paramsB: 32.762, shape: [64, 5120, 64, 8, 128], intermediate: 25600, vocab: 151936, maxPosition: 40960, variants: [
    ["Qwen/Qwen3-32B", 61.02, "none"],
    ["Qwen/Qwen3-32B-AWQ", 18, "awq"],
    ["Qwen/Qwen3-32B-FP8", 31.97, "fp8"],
  ] },
  { paramsB: 32.764, shape: [64, 5120, 40, 8, 128], intermediate: 27648, vocab: 152064, maxPosition: 131072, variants: [
    ["deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", 61.03, "none"],
    ["RedHatAI/DeepSeek-R1-Distill-Qwen-32B-quantized.w4a16", 18, "compressed-tensors"],
  ] },
  { paramsB: 31.221, activeParamsB: 3.4, shape: [47, 2048, 20, 20, 128], expertIntermediate: 1536, vocab: 154880,
    maxPosition: 202752, kvBytesPerToken: 54144, mla: true, minVllmMinor: 17, variants: [
    ["zai-org/GLM-4.7-Flash", 58.15, "none"],
  ] },
  // Most Gemma layers use sliding-window attention, so the cache size computed for them is an upper bound.
  { paramsB: 12.187, shape: [48, 3840, 16, 8, 256], vocab: 262208, maxPosition: 131072, float16: false, variants: [
    ["google/gemma-3-12b-it", 22.7, "none", "gated"],
  ] },
  { paramsB: 27.432, shape: [62, 5376, 32, 16, 128], vocab: 262208, maxPosition: 131072, float16: false, variants: [
    ["google/gemma-3-27b-it", 51.1, "none", "gated"],
  ] },
  { paramsB: 31.273, shape: [60, 5376, 32, 16, 256], intermediate: 21504, vocab: 262144, maxPosition: 262144,
    minVllmMinor: 19, variants: [
    ["google/gemma-4-31B-it", 58.25, "none"],
  ] },
  // Published with 29568 padded to 29696, so that quantisation groups divide by 2 and 4.
  { paramsB: 72.958, shape: [80, 8192, 64, 8, 128], intermediate: 29696, vocab: 152064, maxPosition: 32768, variants: [
    ["Qwen/Qwen2.5-72B-Instruct-AWQ", 38.74, "awq"],
  ] },
  { paramsB: 70.554, shape: [80, 8192, 64, 8, 128], intermediate: 28672, vocab: 128256, maxPosition: 131072, variants: [
    ["meta-llama/Llama-3.3-70B-Instruct", 131.4, "none", "gated"],
    ["casperhansen/llama-3.3-70b-instruct-awq", 37.03, "awq"],
    ["RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic", 67.7, "fp8"],
  ] },
  { paramsB: 79.68, activeParamsB: 3, shape: [48, 2048, 16, 2, 256], expertIntermediate: 512, vocab: 151936,
    maxPosition: 262144, kvBytesPerToken: 24576, variants: [
    ["Qwen/Qwen3-Coder-Next-FP8", 74.8, "fp8"],
  ] },
  { paramsB: 116.83, activeParamsB: 5.1, shape: [36, 2880, 64, 8, 64], expertIntermediate: 2880, vocab: 201088,
    maxPosition: 131072, variants: [
    ["openai/gpt-oss-120b", 60.8, "mxfp4"],
  ] },
  { paramsB: 110.51, activeParamsB: 12, shape: [46, 4096, 96, 8, 128], expertIntermediate: 1408, vocab: 151552,
    maxPosition: 131072, variants: [
    ["zai-org/GLM-4.5-Air-FP8", 104, "fp8"],
  ] },
];
