import { z } from "zod";
import { factsSchema, type FactsFile } from "./plan-schema.ts";

/** Facts about a model that is not in the catalogue, and the commit they describe. */
export interface KnownModel {
  readonly facts: FactsFile;
  readonly revision: string;
}

/** The parts of `GET /api/models/ID?blobs=true` that are used. */
const infoSchema = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  gated: z.union([z.boolean(), z.string()]).default(false),
  siblings: z.array(z.object({ rfilename: z.string(), size: z.number().optional() })).default([]),
  safetensors: z
    .object({
      parameters: z.record(z.string(), z.number()).default({}),
      total: z.number().optional(),
    })
    .optional(),
});
export type HubInfo = z.infer<typeof infoSchema>;

const count = z.number().int().positive();
/** A model's `config.json`. Models with a vision tower have these fields in `text_config`. */
const configSchema = z.object({
  model_type: z.string().optional(),
  num_hidden_layers: count,
  hidden_size: count,
  num_attention_heads: count,
  num_key_value_heads: count.optional(),
  head_dim: count.nullish(),
  vocab_size: count.optional(),
  max_position_embeddings: count,
  intermediate_size: count.optional(),
  moe_intermediate_size: count.nullish(),
  num_experts: count.nullish(),
  num_local_experts: count.nullish(),
  n_routed_experts: count.nullish(),
  num_experts_per_tok: count.nullish(),
  shared_expert_intermediate_size: z.number().int().nullish(),
  tie_word_embeddings: z.boolean().optional(),
  kv_lora_rank: count.nullish(),
  qk_rope_head_dim: count.nullish(),
  layer_types: z.array(z.string()).nullish(),
  quantization_config: z.object({ quant_method: z.string().optional() }).nullish(),
});
type Config = z.infer<typeof configSchema>;

const GIB = 2 ** 30;
/** Model types that vLLM does not run in float16 (`_FLOAT16_NOT_SUPPORTED_MODELS`). */
const NOT_IN_FLOAT16 = new Set(["gemma2", "gemma3", "gemma3_text", "glm4"]);
const QUANTIZATIONS: Readonly<Record<string, NonNullable<FactsFile["quantization"]>>> = {
  awq: "awq",
  gptq: "gptq",
  fp8: "fp8",
  fbgemm_fp8: "fp8",
  mxfp4: "mxfp4",
  "compressed-tensors": "compressed-tensors",
};

/** @returns undefined if `value` is not a model's info */
export function readHubInfo(value: unknown): HubInfo | undefined {
  const read = infoSchema.safeParse(value);
  return read.success ? read.data : undefined;
}

/**
 * Derives a model's facts from the Hub's replies.
 * @param indexBytes `metadata.total_size` of the safetensors index, used if the file list has no sizes
 * @returns the facts, or why the model cannot be served
 */
export function factsFromHub(
  info: HubInfo,
  rawConfig: unknown,
  indexBytes: number | undefined,
): KnownModel | string {
  const config = readConfig(rawConfig);
  if (config === undefined)
    return "its config.json does not describe a language model of a known kind";
  const bytes = weightBytes(info) ?? indexBytes;
  if (bytes === undefined) return "its weights are not safetensors, or their size is not stated";
  const method = config.quantization_config?.quant_method;
  const quantization = method === undefined ? "none" : QUANTIZATIONS[method];
  if (quantization === undefined)
    return `its weights are quantised by \`${String(method)}\`, which is not supported`;
  const headDim = config.head_dim ?? Math.floor(config.hidden_size / config.num_attention_heads);
  const params = parameters(config, headDim);
  const exact = quantization === "none" ? info.safetensors?.total : undefined;
  const scale = (exact ?? params.total) / params.total;
  const mla = config.kv_lora_rank ?? undefined;
  const facts = factsSchema.safeParse({
    params_b: billions(exact ?? params.total),
    ...(params.active === params.total ? {} : { active_params_b: billions(params.active * scale) }),
    layers: config.num_hidden_layers,
    hidden: config.hidden_size,
    heads: config.num_attention_heads,
    kv_heads:
      mla === undefined
        ? (config.num_key_value_heads ?? config.num_attention_heads)
        : config.num_attention_heads,
    head_dim: headDim,
    ...(config.vocab_size === undefined ? {} : { vocab: config.vocab_size }),
    max_position: config.max_position_embeddings,
    checkpoint_gib: Math.round((bytes / GIB) * 100) / 100,
    quantization,
    ...(config.intermediate_size === undefined ? {} : { intermediate: config.intermediate_size }),
    ...(config.moe_intermediate_size == null
      ? {}
      : { expert_intermediate: config.moe_intermediate_size }),
    kv_bytes_per_token: cacheBytes(config, headDim),
    mla: mla !== undefined,
    float16: !NOT_IN_FLOAT16.has(config.model_type ?? ""),
    gated: info.gated !== false,
  });
  if (!facts.success)
    return `its config.json has invalid figures: ${facts.error.issues[0]?.message ?? ""}`;
  return { facts: facts.data, revision: info.sha };
}

function readConfig(raw: unknown): Config | undefined {
  const topLevel = configSchema.safeParse(raw);
  if (topLevel.success) return topLevel.data;
  const outer = raw as { text_config?: object; quantization_config?: unknown } | null;
  if (typeof outer?.text_config !== "object") return undefined;
  const { quantization_config } = outer;
  const inner = configSchema.safeParse({
    ...(quantization_config === undefined ? {} : { quantization_config }),
    ...outer.text_config,
  });
  return inner.success ? inner.data : undefined;
}

/** Size of the files that vLLM loads, without copies in `original/` or named `consolidated`. */
function weightBytes({ siblings }: HubInfo): number | undefined {
  const files = siblings.filter(
    ({ rfilename }) =>
      /^[^/]+\.safetensors$/.test(rfilename) && !rfilename.startsWith("consolidated"),
  );
  if (files.length === 0 || files.some(({ size }) => size === undefined)) return undefined;
  return files.reduce((sum, { size = 0 }) => sum + size, 0);
}

/**
 * 16-bit KV cache per token, bytes: a key and a value per dimension and key-value head in each layer of full attention,
 * or one latent vector per layer with MLA.
 */
function cacheBytes(config: Config, headDim: number): number {
  const layers =
    config.layer_types?.filter((type) => type !== "linear_attention").length ??
    config.num_hidden_layers;
  if (config.kv_lora_rank != null)
    return (config.kv_lora_rank + (config.qk_rope_head_dim ?? 64)) * 2 * config.num_hidden_layers;
  const kvHeads = config.num_key_value_heads ?? config.num_attention_heads;
  return 2 * Math.max(1, layers) * kvHeads * headDim * 2;
}

/** Estimates the parameters of attention, feed-forward network or experts with their router, and embeddings. */
function parameters(
  config: Config,
  headDim: number,
): { readonly total: number; readonly active: number } {
  const { hidden_size: hidden, num_hidden_layers: layers, num_attention_heads: heads } = config;
  const kvHeads = config.num_key_value_heads ?? heads;
  const attention = hidden * headDim * (2 * heads + 2 * kvHeads);
  const experts =
    config.num_experts ?? config.num_local_experts ?? config.n_routed_experts ?? undefined;
  const expert =
    3 * hidden * (config.moe_intermediate_size ?? config.intermediate_size ?? 4 * hidden);
  const shared = 3 * hidden * (config.shared_expert_intermediate_size ?? 0);
  const dense = 3 * hidden * (config.intermediate_size ?? 4 * hidden);
  const network = (used: number | undefined): number =>
    experts === undefined ? dense : (used ?? experts) * expert + shared + experts * hidden;
  const embeddings =
    (config.vocab_size ?? 0) * hidden * (config.tie_word_embeddings === true ? 1 : 2);
  const sum = (used: number | undefined): number =>
    layers * (attention + network(used)) + embeddings;
  return { total: sum(undefined), active: sum(config.num_experts_per_tok ?? undefined) };
}

function billions(parameters: number): number {
  return Math.round(parameters / 1e6) / 1000;
}
