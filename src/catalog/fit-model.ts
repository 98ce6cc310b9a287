import type { Fit, FitModel, FitQuestion, NoFit } from "./fit.ts";
import { type Card, type GpuType, isTuring } from "./gpu-types.ts";
import type { ModelFacts, Quantization } from "./models.ts";

const GIB = 2 ** 30;
/** Tokens. A shorter context window is of little use for code. */
export const SHORTEST_WINDOW = 4096;
/** Tokens. Chosen windows are rounded down to it, so that a few free megabytes do not make a new configuration. */
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

/** One way to distribute a model over the GPUs. */
interface Layout {
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  readonly weightsGib: number;
  /** KV cache of one token on the fullest GPU, bytes. */
  readonly kvBytes: number;
}

/**
 * Decides whether a model runs on a GPU type, and with which context window. Per GPU:
 * `utilisation x usable memory = weights / tensor parallelism + overhead + window x cache per token`. In the one case
 * that was measured, the result was 18 % below the real window, which is on the safe side.
 */
export const fitModel: FitModel = (question) => {
  const { gpu, model } = question;
  const reason = unsupportedReason(gpu.card, model);
  if (reason !== undefined) return { fits: false, reason };
  const layout = layouts(gpu, model).find(
    (candidate) => tokensThatFit(question, candidate) >= SHORTEST_WINDOW,
  );
  return layout === undefined ? tooLarge(question) : chooseWindow(question, layout);
};

function unsupportedReason(card: Card, model: ModelFacts): string | undefined {
  const floor = CAPABILITY_FLOOR[model.quantization];
  if (card.computeCapability < floor)
    return `${model.quantization.toUpperCase()} weights need compute capability ${capability(floor)}; ${card.name} has ${capability(card.computeCapability)}`;
  if (isTuring(card) && !model.float16)
    return `vLLM does not run this model in float16, and ${card.name} (compute capability ${capability(card.computeCapability)}) has no bfloat16`;
  return undefined;
}

/** The possible layouts, in order of preference. */
function layouts(gpu: GpuType, model: ModelFacts): Layout[] {
  const tensor = [4, 2, 1].find((tp) => tp <= gpu.gpus && divides(model, tp)) ?? 1;
  const found = [tensorLayout(model, tensor)];
  // Pipeline stages do not speed up a single user, so they are used only for models that fit no smaller type.
  if (gpu.gpus === 3 && model.category === "70b") found.push(pipelineLayout(model, gpu.gpus));
  return found;
}

/** vLLM explains why it rejects a number of heads, but only asserts the number of KV heads. Check both before paying. */
function divides(model: ModelFacts, tp: number): boolean {
  if (tp > (model.largestTensorParallel ?? tp) || model.heads % tp !== 0) return false;
  if (model.mla) return true;
  return model.kvHeads >= tp ? model.kvHeads % tp === 0 : tp % model.kvHeads === 0;
}

function tensorLayout(model: ModelFacts, tp: number): Layout {
  // vLLM pads the experts' width of 2880 / 4 = 720 to 768.
  const padding = model.quantization === "mxfp4" && tp === 4 ? 1.066 : 1;
  const shares = model.mla ? 1 : Math.min(tp, model.kvHeads);
  return {
    tensorParallel: tp,
    pipelineParallel: 1,
    weightsGib: (model.checkpointGib / tp) * padding,
    kvBytes: (model.kvBytesPerToken / shares) * model.kvFactor,
  };
}

/** Sized by the fullest stage: its layers, and either the embedding or the output head. */
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

function chooseWindow(question: FitQuestion, layout: Layout): Fit | NoFit {
  const { gpu, model, maxModelLen: requested, preferredModelLen } = question;
  const largest = tokensThatFit(question, layout);
  if (requested !== undefined && requested > model.maxPosition)
    return {
      fits: false,
      reason: `a window of ${count(requested)} tokens is longer than the model's maximum of ${count(model.maxPosition)}`,
    };
  if (requested !== undefined && requested > largest) {
    const cacheGib = (requested * layout.kvBytes) / GIB;
    return {
      fits: false,
      reason: `a window of ${count(requested)} tokens needs ${gib(cacheGib)} of cache, but ${fixedMemory(question, layout)} leave ${gib(freeGib(question, layout))} on ${gpusUsed(gpu, layout)}; ${count(largest)} tokens fit`,
    };
  }
  const chosen =
    requested ??
    (largest >= preferredModelLen
      ? preferredModelLen
      : Math.floor(largest / WINDOW_STEP) * WINDOW_STEP);
  return {
    fits: true,
    tensorParallel: layout.tensorParallel,
    pipelineParallel: layout.pipelineParallel,
    maxModelLen: chosen,
    largestModelLen: largest,
    ...(chosen < preferredModelLen && requested === undefined
      ? { loweredFrom: preferredModelLen }
      : {}),
    dtype: isTuring(gpu.card) ? "half" : "auto",
    // FlashAttention and FlashInfer need 8.0; without this setting, old versions fall back to slow FlexAttention.
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
      ? `${fixedMemory(question, best)} leave ${gib(free)} for the cache on ${gpusUsed(gpu, best)}: ${count(tokensThatFit(question, best))} tokens, fewer than the minimum of ${count(SHORTEST_WINDOW)}`
      : `needs ${fixedMemory(question, best)}, but only ${usableGib(question).toFixed(2)} GiB are usable on ${gpusUsed(gpu, best)}`;
  return { fits: false, reason };
}

function fixedMemory({ model }: FitQuestion, layout: Layout): string {
  return `${layout.weightsGib.toFixed(1)} GiB of weights and ${model.overheadGib.toFixed(1)} GiB of overhead`;
}

function gpusUsed(gpu: GpuType, layout: Layout): string {
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
