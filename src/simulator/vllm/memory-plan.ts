import type { GpuType } from "../../catalog/gpu-types.ts";
import type { ModelFacts } from "../../catalog/models.ts";
import type { ServeJson } from "../../machine/agent-protocol.ts";

/** What one GPU's memory is used for, GiB. */
export interface MemoryPlan {
  readonly weightsGib: number;
  readonly usableGib: number;
  /** What is left of the budget for the cache; can be negative. */
  readonly cacheGib: number;
  readonly gibPerToken: number;
  /** Tokens that the cache holds. */
  readonly cacheTokens: number;
}

const BYTES_PER_GIB = 2 ** 30;
/** The fullest stage of a pipeline holds the embedding or the head besides its layers. */
const FULLEST_STAGE = 1.05;
/** 2880 / 4 = 720 is padded to 768 in the experts of MXFP4. */
const MXFP4_PADDING = 1.066;

/**
 * The engine's own sum, independent of the plan's. `overheadFactor`: the seed's draw for what the runtime takes besides
 * weights and cache.
 */
export function memoryPlan(
  request: ServeJson,
  gpu: GpuType,
  model: ModelFacts,
  overheadFactor: number,
): MemoryPlan {
  const tensor = request.tensor_parallel_size;
  const stages = request.pipeline_parallel_size;
  const turing = gpu.card.computeCapability < 80;
  const float32 = turing && !model.float16 && request.dtype === "auto" ? 2 : 1;
  const padding = model.quantization === "mxfp4" && tensor >= 4 ? MXFP4_PADDING : 1;
  const weightsGib =
    ((model.checkpointGib * float32 * padding) / tensor / stages) *
    (stages > 1 ? FULLEST_STAGE : 1);
  const usableGib = gpu.card.usableGib;
  const cacheGib =
    usableGib * request.gpu_memory_utilization - weightsGib - model.overheadGib * overheadFactor;
  const shares = model.mla ? 1 : Math.min(tensor, model.kvHeads);
  const half = request.kv_cache_dtype?.startsWith("fp8") === true ? 0.5 : 1;
  const gibPerToken =
    (((model.kvBytesPerToken * model.kvFactor * half) / shares) *
      Math.ceil(model.layers / stages)) /
    model.layers /
    BYTES_PER_GIB;
  return {
    weightsGib,
    usableGib,
    cacheGib,
    gibPerToken,
    cacheTokens: Math.max(0, Math.floor(cacheGib / gibPerToken)),
  };
}
