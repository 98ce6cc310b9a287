import type { GpuType } from "../../catalog/gpu-types.ts";
import type { ModelFacts } from "../../catalog/models.ts";
import type { ServeJson } from "../../machine/agent-protocol.ts";

/** The use of one GPU's memory. */
export interface MemoryPlan {
  readonly weightsGib: number;
  readonly usableGib: number;
  /** The remainder of the budget, for the cache; can be negative. */
  readonly cacheGib: number;
  readonly gibPerToken: number;
  /** Size of the cache in tokens. */
  readonly cacheTokens: number;
}

const BYTES_PER_GIB = 2 ** 30;
/** The largest stage of a pipeline has the embedding or the head in addition to its layers. */
const FULLEST_STAGE = 1.05;
/** In MXFP4 experts split over four GPUs, 2880 / 4 = 720 is padded to 768. */
const MXFP4_PADDING = 1.066;

/**
 * Computes the memory as the engine would, independently of the estimate's formula.
 * @param overheadFactor the seed's factor for the memory that is neither weights nor cache
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
