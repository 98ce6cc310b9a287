import type { CardId } from "../catalog/gpu-types.ts";
import type { Configuration } from "../plan/coverage-plan.ts";

const GIB = 2 ** 30;

/** What share of a card's paper figures vLLM turns into tokens, from measured points; the rest is overhead a layer. */
interface CardConstants {
  /** Share of the bandwidth with 16-bit weights, one request at a time. */
  readonly wide: number;
  /** The same with quantised weights. */
  readonly packed: number;
  /** FP8 reads as well as 16-bit weights do only where the card computes in it. */
  readonly fp8: number;
  /** Milliseconds a layer for the sums over PCIe, with two and with four GPUs. */
  readonly twoGpusMs: number;
  readonly fourGpusMs: number;
  /** Milliseconds a layer to pick and gather experts. */
  readonly expertsMs: number;
  /** Share of the 16-bit peak while a prompt is read. */
  readonly prefill: number;
  /** Each further request in flight lengthens a step by this share. */
  readonly crowding: number;
}

/**
 * Ada: Mistral-7B at 21.0 tok/s on Linode's own card (0.83) and 8.8 times that with 16 in flight; 4-bit points 0.67
 * to 0.81. Turing: a 27B in 4 bits on two Quadros at 32.5 tok/s, a 32B on four T4s at 25.3, 4.8 times with 8 in
 * flight. Blackwell: the 32B, 14B and 8B points of a PRO 6000. Sums over PCIe on Ada are a guess that no source backs.
 */
const CONSTANTS: Readonly<Record<CardId, CardConstants>> = {
  "quadro-rtx-6000": {
    wide: 0.75,
    packed: 0.55,
    fp8: 0.55,
    twoGpusMs: 0.15,
    fourGpusMs: 0.22,
    expertsMs: 0.1,
    prefill: 0.2,
    crowding: 0.095,
  },
  "rtx-4000-ada": {
    wide: 0.83,
    packed: 0.75,
    fp8: 0.83,
    twoGpusMs: 0.13,
    fourGpusMs: 0.28,
    expertsMs: 0.05,
    prefill: 0.38,
    crowding: 0.055,
  },
  "rtx-pro-6000-blackwell": {
    wide: 0.8,
    packed: 0.6,
    fp8: 0.8,
    twoGpusMs: 0.1,
    fourGpusMs: 0.2,
    expertsMs: 0.05,
    prefill: 0.38,
    crowding: 0.05,
  },
};

/** Cost of launching each layer's kernels without CUDA graphs. */
const EAGER_MS_A_LAYER = 0.1;
/** The cache is read in smaller pieces than the weights are. */
const CACHE_SHARE = 0.6;

/**
 * Seconds for the next token of each of `inFlight` requests that hold `contextTokens` each:
 * `W / (bandwidth x GPUs x share) + c x layers`, and the cache that attention reads. W is the checkpoint without the
 * input embedding; of a mixture of experts, what the requests in flight together touch. Stages of a pipeline work one
 * after the other, so they add memory and no speed.
 */
export function secondsPerToken(
  configuration: Configuration,
  contextTokens: number,
  inFlight = 1,
): number {
  const { gpu, model, fit, engine } = configuration;
  const constants = CONSTANTS[gpu.card.id];
  const bytesPerSecond = gpu.card.bandwidthGbs * 1e9 * fit.tensorParallel;
  const weights = Math.max(0, model.checkpointGib * GIB - model.vocab * model.hidden * 2);
  const active = Math.min(1, model.activeParamsB / model.paramsB);
  const touched = 1 - (1 - active) ** inFlight;
  const layerMs =
    (fit.tensorParallel === 1
      ? 0
      : fit.tensorParallel === 2
        ? constants.twoGpusMs
        : constants.fourGpusMs) +
    (active < 0.9 ? constants.expertsMs : 0) +
    (engine.enforceEager ? EAGER_MS_A_LAYER : 0);
  const step =
    (weights * touched) / (bytesPerSecond * shareOf(configuration, constants)) +
    (layerMs / 1000) * model.layers;
  const cache = (model.kvBytesPerToken * contextTokens * inFlight) / (bytesPerSecond * CACHE_SHARE);
  return step * (1 + constants.crowding * (inFlight - 1)) + cache;
}

/** Prompt tokens that are read in one second. */
export function prefillTokensPerSecond({ gpu, model, fit }: Configuration): number {
  const flops = gpu.card.tflops16 * 1e12 * fit.tensorParallel * CONSTANTS[gpu.card.id].prefill;
  return flops / (2 * model.activeParamsB * 1e9);
}

function shareOf({ model }: Configuration, { wide, packed, fp8 }: CardConstants): number {
  if (model.quantization === "none") return wide;
  return model.quantization === "fp8" ? fp8 : packed;
}
