import { categoryOf, kvBytesPerToken, DEFAULT_OVERHEAD_GIB } from "../catalog/model-catalog.ts";
import type { ModelFacts } from "../catalog/models.ts";
import { tensorParallelLimit } from "../catalog/tensor-parallel-limit.ts";
import type { FactsFile } from "./plan-schema.ts";

/** A model that is not in the catalogue, described by the plan or the Hub. */
export function modelFromFacts(id: string, facts: FactsFile): ModelFacts {
  const quantization = facts.quantization ?? "none";
  return {
    id,
    category: categoryOf(facts.params_b),
    paramsB: facts.params_b,
    activeParamsB: facts.active_params_b ?? facts.params_b,
    layers: facts.layers,
    hidden: facts.hidden ?? facts.heads * facts.head_dim,
    heads: facts.heads,
    kvHeads: facts.kv_heads,
    headDim: facts.head_dim,
    // If unknown, the forecast counts the embedding as read for every token, which makes it slightly slower.
    vocab: facts.vocab ?? 0,
    maxPosition: facts.max_position,
    checkpointGib: facts.checkpoint_gib,
    quantization,
    kvBytesPerToken:
      facts.kv_bytes_per_token ?? kvBytesPerToken(facts.layers, facts.kv_heads, facts.head_dim),
    mla: facts.mla ?? false,
    largestTensorParallel: tensorParallelLimit(quantization, {
      intermediate: facts.intermediate,
      expertIntermediate: facts.expert_intermediate,
    }),
    overheadGib: DEFAULT_OVERHEAD_GIB,
    kvFactor: 1,
    float16: facts.float16 ?? true,
    gated: facts.gated ?? false,
  };
}
