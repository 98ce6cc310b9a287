import { z } from "zod";
import { CATEGORIES } from "../evidence/suite.ts";
import {
  cidrValidator,
  commitValidator,
  gpuTypeValidator,
  hubIdValidator,
  imageValidator,
  planNameValidator,
  regionValidator,
  type Validator,
} from "./validators.ts";

/** An image that was tested on every card of the catalog. */
export const DEFAULT_IMAGE = "vllm/vllm-openai:v0.27.1";
/** Default `max_model_len`, tokens. The longest standard test needs 17,200; a longer window only takes memory. */
export const DEFAULT_MODEL_LEN = 18_432;
/** vLLM's default of 256 takes time and memory for CUDA graphs, and some hybrid models do not start with it. */
const MIN_NUM_SEQS = 32;

/** Default `max_num_seqs`: the highest number of requests in flight. */
export function defaultNumSeqs(load: readonly number[]): number {
  return Math.max(MIN_NUM_SEQS, ...load);
}

const text = (validator: Validator) =>
  z.string().check((context) => {
    const complaint = validator(context.value);
    if (complaint !== undefined)
      context.issues.push({ code: "custom", input: context.value, message: complaint });
  });

const unique = <T extends z.ZodType>(item: T, most: number) =>
  z
    .array(item)
    .min(1)
    .max(most)
    .check((context) => {
      context.value.forEach((value, index) => {
        if (context.value.indexOf(value) < index)
          context.issues.push({
            code: "custom",
            input: value,
            path: [index],
            message: `is duplicated: ${String(value)}`,
          });
      });
    });

/** US dollars. A larger amount must be a typing error. */
const dollars = z.number().positive().max(100_000);
const windowTokens = z.int().min(1024).max(10_485_760);
const utilisation = z.number().min(0.3).max(0.98);
const dtype = z.enum(["auto", "half", "float16", "bfloat16"]);
const quantization = z.enum([
  "awq",
  "awq_marlin",
  "gptq",
  "gptq_marlin",
  "moe_wna16",
  "fp8",
  "mxfp4",
  "compressed-tensors",
]);
const kvCacheDtype = z.enum(["auto", "fp8", "fp8_e4m3", "fp8_e5m2"]);
const regions = unique(text(regionValidator), 50);
const passes = z.int().min(1).max(100);
const suites = unique(z.enum(CATEGORIES), CATEGORIES.length);
const load = unique(z.int().min(1).max(512), 8);
const gpuType = text(gpuTypeValidator);

/** Facts about a model that is not in the catalog. Sizes are in 10^9 parameters and GiB. */
const FACTS = {
  params_b: z.number().positive().max(10_000),
  active_params_b: z.number().positive().max(10_000).optional(),
  layers: z.int().min(1).max(1000),
  hidden: z.int().min(1).max(1_000_000).optional(),
  heads: z.int().min(1).max(10_000),
  kv_heads: z.int().min(1).max(10_000),
  head_dim: z.int().min(1).max(10_000),
  vocab: z.int().min(1).max(10_000_000).optional(),
  max_position: z.int().min(1024).max(100_000_000),
  checkpoint_gib: z.number().positive().max(10_000),
  quantization: z.enum(["none", "awq", "gptq", "fp8", "mxfp4", "compressed-tensors"]).optional(),
  intermediate: z.int().min(1).max(10_000_000).optional(),
  expert_intermediate: z.int().min(1).max(10_000_000).optional(),
  kv_bytes_per_token: z.int().min(1).max(1_000_000_000).optional(),
  mla: z.boolean().optional(),
  float16: z.boolean().optional(),
  gated: z.boolean().optional(),
};

export const factsSchema = z.strictObject(FACTS).check(({ value, issues }) => {
  const contradict = (key: keyof typeof FACTS, message: string): void => {
    issues.push({ code: "custom", input: value[key], path: [key], message });
  };
  if (value.heads % value.kv_heads !== 0)
    contradict("kv_heads", `must divide \`heads\` (${String(value.heads)})`);
  if ((value.active_params_b ?? 0) > value.params_b)
    contradict("active_params_b", `is more than \`params_b\` (${String(value.params_b)})`);
});

const engineKeys = {
  max_model_len: windowTokens.optional(),
  gpu_memory_utilization: utilisation.optional(),
  dtype: dtype.optional(),
  quantization: quantization.optional(),
  enforce_eager: z.boolean().optional(),
  max_num_seqs: z.int().min(1).max(4096).optional(),
  kv_cache_dtype: kvCacheDtype.optional(),
};

export const modelSchema = z.strictObject({
  id: text(hubIdValidator),
  category: z.enum(["7b", "14b", "30b", "70b"]).optional(),
  revision: text(commitValidator).optional(),
  ...engineKeys,
  facts: factsSchema.optional(),
});

const modelItemSchema = z.union([text(hubIdValidator), modelSchema]);

const gpuSchema = z.union([gpuType, unique(gpuType, 50)]);

export const entrySchema = z.strictObject({
  gpu: gpuSchema,
  models: z.array(modelItemSchema).min(1).max(100),
  region: text(regionValidator).optional(),
  regions: regions.optional(),
  passes: passes.optional(),
  suites: suites.optional(),
  load: load.optional(),
});

export const engineSchema = z.strictObject({
  image: text(imageValidator).optional(),
  ...engineKeys,
});

export const budgetSchema = z.strictObject({
  max_cost: dollars.optional(),
  max_cost_per_entry: dollars.optional(),
  max_hours_per_rental: z.number().min(0.25).max(720).optional(),
  monthly_cap: dollars.optional(),
});

/** The contents of a plan file. Keys are snake_case, as in the database; unknown keys are errors. */
export const planSchema = z.strictObject({
  version: z.literal(1),
  name: text(planNameValidator).optional(),
  budget: budgetSchema.optional(),
  regions: regions.optional(),
  concurrency: z.int().min(1).max(50).optional(),
  packing: z.enum(["per-entry", "fill-hours"]).optional(),
  passes: passes.optional(),
  suites: suites.optional(),
  load: load.optional(),
  stale_after_days: z.number().positive().max(3650).optional(),
  ssh_cidr: text(cidrValidator).optional(),
  prompts: z.string().min(1).max(1024).optional(),
  allow_remote_code: z.boolean().optional(),
  engine: engineSchema.optional(),
  entries: z.array(entrySchema).min(1).max(200),
});

export type FactsFile = z.infer<typeof factsSchema>;
export type EngineFile = z.infer<typeof engineSchema>;
