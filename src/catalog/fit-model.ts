import type { Fit, FitModel, FitQuestion, NoFit } from "./fit.ts";
import { type Card, type GpuType, isTuring } from "./gpu-types.ts";
import type { ModelFacts, Quantization } from "./models.ts";

const GIB = 2 ** 30;
/** Below this a window holds no code worth benchmarking, and vLLM itself needs room to breathe. */
export const SHORTEST_WINDOW = 4096;
/** A window that we choose is a multiple of it, so that a last megabyte does not make another configuration. */
export const WINDOW_STEP = 1024;

/** Lowest compute capability (x 10) of vLLM's quantisation kernels, from 0.17 on. */
const CAPABILITY_FLOOR: Readonly<Record<Quantization, number>> = {
  none: 75,
  awq: 75,
  gptq: 70,
  fp8: 75,
  mxfp4: 80,
  "compressed-tensors": 75,
};

/** One way to lay a model over the GPUs. */
interface Layout {
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  readonly weightsGib: number;
  /** Cache of one token on the fullest GPU, bytes. */
  readonly kvBytes: number;
}

/**
 * Does the model run on this GPU type, and with which window?
 * Memory of a GPU: utilisation x usable = weights / tp + overhead + window x cache of a token. On one measured pair
 * this was 18 % below the real window, that is on the safe side.
 */
export const fitModel: FitModel = (question) => {
  const { gpu, model } = question;
  const refusal = cardRefuses(gpu.card, model);
  if (refusal !== undefined) return { fits: false, reason: refusal };
  const layout = layouts(gpu, model).find((one) => tokensThatFit(question, one) >= SHORTEST_WINDOW);
  return layout === undefined ? tooLarge(question) : windowOf(question, layout);
};

function cardRefuses(card: Card, model: ModelFacts): string | undefined {
  const floor = CAPABILITY_FLOOR[model.quantization];
  if (card.computeCapability < floor)
    return `${model.quantization.toUpperCase()} weights need compute capability ${capability(floor)}, ${card.name} has ${capability(card.computeCapability)}`;
  if (isTuring(card) && !model.float16)
    return `vLLM refuses this model in float16, and ${card.name} (compute capability ${capability(card.computeCapability)}) has no bfloat16`;
  return undefined;
}

/** The preferred one first. */
function layouts(gpu: GpuType, model: ModelFacts): Layout[] {
  const tensor = [4, 2, 1].find((tp) => tp <= gpu.gpus && divides(model, tp)) ?? 1;
  const found = [tensorLayout(model, tensor)];
  // Stages give a single user no speed, so they are for what no smaller type holds.
  if (gpu.gpus === 3 && model.category === "70b") found.push(pipelineLayout(model, gpu.gpus));
  return found;
}

/** vLLM checks the heads with a clear text, the KV heads by a bare assertion: both are checked here, before any money. */
function divides(model: ModelFacts, tp: number): boolean {
  if (tp > (model.largestTensorParallel ?? tp) || model.heads % tp !== 0) return false;
  if (model.mla) return true;
  return model.kvHeads >= tp ? model.kvHeads % tp === 0 : tp % model.kvHeads === 0;
}

function tensorLayout(model: ModelFacts, tp: number): Layout {
  // 2880 / 4 = 720 is padded to 768 in the experts.
  const padding = model.quantization === "mxfp4" && tp === 4 ? 1.066 : 1;
  const shares = model.mla ? 1 : Math.min(tp, model.kvHeads);
  return {
    tensorParallel: tp,
    pipelineParallel: 1,
    weightsGib: (model.checkpointGib / tp) * padding,
    kvBytes: (model.kvBytesPerToken / shares) * model.kvFactor,
  };
}

/** The fullest stage: its layers, and the embedding or the head. */
function pipelineLayout(model: ModelFacts, stages: number): Layout {
  const embeddingGib = (model.vocab * model.hidden * 2) / GIB;
  const share = Math.ceil(model.layers / stages) / model.layers;
  return {
    tensorParallel: 1,
    pipelineParallel: stages,
    weightsGib: (model.checkpointGib - 2 * embeddingGib) * share + embeddingGib,
    kvBytes: model.kvBytesPerToken * share * model.kvFactor,
  };
}

function usableGib({ gpu, gpuMemoryUtilization }: FitQuestion): number {
  return gpuMemoryUtilization * gpu.card.usableGib;
}

function freeGib(question: FitQuestion, layout: Layout): number {
  return usableGib(question) - layout.weightsGib - question.model.overheadGib;
}

function tokensThatFit(question: FitQuestion, layout: Layout): number {
  const tokens = Math.floor((freeGib(question, layout) * GIB) / layout.kvBytes);
  return Math.min(question.model.maxPosition, Math.max(0, tokens));
}

function windowOf(question: FitQuestion, layout: Layout): Fit | NoFit {
  const { gpu, model, maxModelLen: asked, preferredModelLen } = question;
  const largest = tokensThatFit(question, layout);
  if (asked !== undefined && asked > model.maxPosition)
    return {
      fits: false,
      reason: `a window of ${count(asked)} tokens is more than the model's own ${count(model.maxPosition)}`,
    };
  if (asked !== undefined && asked > largest) {
    const cacheGib = (asked * layout.kvBytes) / GIB;
    return {
      fits: false,
      reason: `a window of ${count(asked)} tokens needs ${gib(cacheGib)} of cache, ${gib(freeGib(question, layout))} are left beside ${burden(question, layout)} on ${where(gpu, layout)}; ${count(largest)} tokens fit`,
    };
  }
  const chosen =
    asked ??
    (largest >= preferredModelLen
      ? preferredModelLen
      : Math.floor(largest / WINDOW_STEP) * WINDOW_STEP);
  return {
    fits: true,
    tensorParallel: layout.tensorParallel,
    pipelineParallel: layout.pipelineParallel,
    maxModelLen: chosen,
    largestModelLen: largest,
    ...(chosen < preferredModelLen && asked === undefined
      ? { loweredFrom: preferredModelLen }
      : {}),
    dtype: isTuring(gpu.card) ? "half" : "auto",
    // FlashAttention needs 8.0, FlashInfer is barred below it, and FlexAttention is what old versions fall back to.
    attentionBackend: isTuring(gpu.card) ? "TRITON_ATTN" : undefined,
    weightsGibPerGpu: layout.weightsGib,
  };
}

function tooLarge(question: FitQuestion): NoFit {
  const { gpu, model } = question;
  const best = layouts(gpu, model).reduce((a, b) => (b.weightsGib < a.weightsGib ? b : a));
  const free = freeGib(question, best);
  const reason =
    free > 0
      ? `${burden(question, best)} leave ${gib(free)} for the cache on ${where(gpu, best)}: ${count(tokensThatFit(question, best))} tokens, fewer than ${count(SHORTEST_WINDOW)}`
      : `needs ${burden(question, best)}, ${usableGib(question).toFixed(2)} GiB are usable on ${where(gpu, best)}`;
  return { fits: false, reason };
}

function burden({ model }: FitQuestion, layout: Layout): string {
  return `${layout.weightsGib.toFixed(1)} GiB of weights + ${model.overheadGib.toFixed(1)} GiB`;
}

function where(gpu: GpuType, layout: Layout): string {
  const used = layout.tensorParallel * layout.pipelineParallel;
  return used === 1 ? `1 x ${gpu.card.name}` : `each of ${String(used)} x ${gpu.card.name}`;
}

function capability(timesTen: number): string {
  return (timesTen / 10).toFixed(1);
}

function gib(value: number): string {
  return `${value.toFixed(2)} GiB`;
}

function count(tokens: number): string {
  return tokens.toLocaleString("en-US");
}
