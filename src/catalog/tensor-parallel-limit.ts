import type { Quantization } from "./models.ts";

/** Weights per quantisation group, for AWQ and GPTQ scales and for FP8 blocks alike. */
const GROUP = 128;

/** Input widths of the down-projections, which tensor parallelism splits. */
export interface SplitWidths {
  readonly intermediate: number | undefined;
  /** Of one expert; only for a mixture of experts. */
  readonly expertIntermediate: number | undefined;
}

/**
 * Largest tensor parallelism that does not split a quantisation group; undefined = any. Beyond it, vLLM rejects dense
 * AWQ and GPTQ models and FP8 mixtures of experts. For a 4-bit mixture of experts it changes kernels, and it pads
 * MXFP4.
 */
export function tensorParallelLimit(
  quantization: Quantization,
  widths: SplitWidths,
): number | undefined {
  const isMixture = widths.expertIntermediate !== undefined;
  const width = quantization === "fp8" ? widths.expertIntermediate : widths.intermediate;
  const grouped =
    quantization === "fp8" || (!isMixture && (quantization === "awq" || quantization === "gptq"));
  if (!grouped || width === undefined) return undefined;
  if (width % (4 * GROUP) === 0) return undefined;
  return width % (2 * GROUP) === 0 ? 2 : 1;
}
