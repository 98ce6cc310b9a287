import type { CardId } from "../catalog/gpu-types.ts";
import type { Configuration } from "../plan/coverage-plan.ts";

const GIB = 2 ** 30;

/** The efficiency of vLLM on a card relative to the card's specifications, fitted to measurements. */
interface CardConstants {
  /** Share of the memory bandwidth used with 16-bit weights, one request at a time. */
  readonly wide: number;
  /** The same with quantised weights other than FP8. */
  readonly packed: number;
  /** The same with FP8 weights: equal to `wide` if the card supports FP8 arithmetic. */
  readonly fp8: number;
  /** Milliseconds per layer for the all-reduce over PCIe, with two and with four GPUs. */
  readonly twoGpusMs: number;
  readonly fourGpusMs: number;
  /** Milliseconds per layer to route tokens to experts. */
  readonly expertsMs: number;
  /** Share of the 16-bit peak performance used while processing a prompt. */
  readonly prefill: number;
  /** By how much each further request in flight lengthens a step, as a share. */
  readonly crowding: number;
}

/**
 * Fitted to these measurements:
 *
 * - Ada: Mistral-7B at 21.0 tok/s on Linode's card (0.83), 8.8 times as much with 16 in flight; 4-bit models 0.67 to
 *   0.81. The all-reduce times are a guess.
 * - Turing: a 4-bit 27B model on two Quadros at 32.5 tok/s, a 32B model on four T4s at 25.3, 4.8 times as much with 8
 *   in flight.
 * - Blackwell: 32B, 14B and 8B models on a PRO 6000.
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

/** Time to launch the kernels of a layer without CUDA graphs. */
const EAGER_MS_PER_LAYER = 0.1;
/** Share of the memory bandwidth used to read the KV cache, which is less contiguous than the weights. */
const CACHE_SHARE = 0.6;

/**
 * Seconds to generate the next token of each of `inFlight` requests with `contextTokens` tokens each:
 * `W / (bandwidth x GPUs x share) + c x layers`, plus the time to read the KV cache. W is the size of the checkpoint
 * without the input embedding, and of a mixture of experts only those experts that the requests use. The stages of a
 * pipeline work one after the other, so they add memory but not speed.
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
  const usedShare = 1 - (1 - active) ** inFlight;
  const layerMs =
    (fit.tensorParallel === 1
      ? 0
      : fit.tensorParallel === 2
        ? constants.twoGpusMs
        : constants.fourGpusMs) +
    (active < 0.9 ? constants.expertsMs : 0) +
    (engine.enforceEager ? EAGER_MS_PER_LAYER : 0);
  const step =
    (weights * usedShare) / (bytesPerSecond * shareOf(configuration, constants)) +
    (layerMs / 1000) * model.layers;
  const cache = (model.kvBytesPerToken * contextTokens * inFlight) / (bytesPerSecond * CACHE_SHARE);
  return step * (1 + constants.crowding * (inFlight - 1)) + cache;
}

/** Prompt tokens processed per second. */
export function prefillTokensPerSecond({ gpu, model, fit }: Configuration): number {
  const flops = gpu.card.tflops16 * 1e12 * fit.tensorParallel * CONSTANTS[gpu.card.id].prefill;
  return flops / (2 * model.activeParamsB * 1e9);
}

function shareOf({ model }: Configuration, { wide, packed, fp8 }: CardConstants): number {
  if (model.quantization === "none") return wide;
  return model.quantization === "fp8" ? fp8 : packed;
}
