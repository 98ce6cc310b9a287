import type { CardId, GpuType } from "../../catalog/gpu-types.ts";
import type { ModelFacts } from "../../catalog/models.ts";

/** The speed of one engine, in virtual milliseconds. */
export interface SpeedProfile {
  /** Time from scheduling to the first token of a prompt. @param tokens number of prompt tokens not in the cache */
  prefillMs(tokens: number): number;
  /** Time for one token of each running request. @param contextTokens sum over all of them */
  stepMs(running: number, contextTokens: number): number;
  /** Whether prompts are computed one after another. */
  readonly prefillsQueue: boolean;
}

export interface Serving {
  readonly gpu: GpuType;
  readonly model: ModelFacts;
  readonly tensorParallel: number;
  readonly eager: boolean;
  /** The seed's factor for this model on this type, 0.8 to 1.2. */
  readonly factor: number;
}

/** The shares of a card's nominal figures that vLLM reaches, and the fixed cost of each layer. */
interface CardTraits {
  readonly bandwidth16: number;
  readonly bandwidthQuantized: number;
  readonly prefill: number;
  readonly layerMs: number;
  /** Time of a layer's two all-reduces over PCIe, with two and with four GPUs. */
  readonly reduceMs: readonly [two: number, four: number];
  readonly expertsLayerMs: number;
  /** Share by which one more request lengthens a step. */
  readonly batch: number;
}

const TRAITS: Record<CardId, CardTraits> = {
  "quadro-rtx-6000": {
    bandwidth16: 0.76,
    bandwidthQuantized: 0.6,
    prefill: 0.21,
    layerMs: 0.05,
    reduceMs: [0.13, 0.25],
    expertsLayerMs: 0.04,
    batch: 0.085,
  },
  "rtx-4000-ada": {
    bandwidth16: 0.86,
    bandwidthQuantized: 0.79,
    prefill: 0.37,
    layerMs: 0.028,
    reduceMs: [0.11, 0.27],
    expertsLayerMs: 0.05,
    batch: 0.042,
  },
  "rtx-pro-6000-blackwell": {
    bandwidth16: 0.82,
    bandwidthQuantized: 0.63,
    prefill: 0.4,
    layerMs: 0.02,
    reduceMs: [0.07, 0.15],
    expertsLayerMs: 0.045,
    batch: 0.03,
  },
};
const EAGER_LAYER_MS = 0.03;
const ENGINE_MS = 6;
const CACHE_BANDWIDTH = 0.6;
const BYTES_PER_GIB = 2 ** 30;

/**
 * A roofline model: the bytes that a step reads divided by the effective bandwidth, plus the fixed cost of each layer.
 * Its test compares it with measured values.
 */
export function speedProfile(serving: Serving): SpeedProfile {
  const { gpu, model, tensorParallel } = serving;
  const traits = TRAITS[gpu.card.id];
  const efficiency = model.quantization === "none" ? traits.bandwidth16 : traits.bandwidthQuantized;
  const bytesPerMs = gpu.card.bandwidthGbs * 1e6 * tensorParallel;
  const embedding = model.vocab * model.hidden * 2;
  const weights = model.checkpointGib * BYTES_PER_GIB - embedding;
  const activeShare = Math.min(1, model.activeParamsB / model.paramsB);
  const experts = activeShare < 0.9;
  const reduce = tensorParallel < 2 ? 0 : traits.reduceMs[tensorParallel < 4 ? 0 : 1];
  const layersMs =
    model.layers *
    (traits.layerMs +
      reduce +
      (experts ? traits.expertsLayerMs : 0) +
      (serving.eager ? EAGER_LAYER_MS : 0));
  const flopsPerMs = gpu.card.tflops16 * 1e9 * tensorParallel * traits.prefill;
  const stepMs = (running: number, contextTokens: number): number => {
    const touched = 1 - (1 - activeShare) ** running;
    const weightsMs = (weights * touched) / (bytesPerMs * efficiency);
    const cacheMs =
      (model.kvBytesPerToken * model.kvFactor * contextTokens) / (bytesPerMs * CACHE_BANDWIDTH);
    const crowding = 1 + traits.batch * (running - 1);
    return ((weightsMs + layersMs) * crowding + cacheMs) / serving.factor;
  };
  return {
    prefillsQueue: true,
    stepMs,
    prefillMs: (tokens) =>
      ENGINE_MS +
      stepMs(1, 0) +
      (tokens * 2 * model.activeParamsB * 1e9) / flopsPerMs / serving.factor,
  };
}
