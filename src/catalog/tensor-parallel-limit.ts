import type { Quantization } from "./models.ts";

/** Both the scales of AWQ and GPTQ checkpoints and the blocks of FP8 ones span this many weights. */
const GROUP = 128;

/** Widths in front of the down-projections, which tensor parallelism cuts. */
export interface CutWidths {
  readonly intermediate: number | undefined;
  /** Of one expert, in a mixture of experts. */
  readonly expertIntermediate: number | undefined;
}

/**
 * The largest tensor parallelism that cuts no quantisation group in two; undefined = any.
 * vLLM refuses a dense AWQ or GPTQ model, and an FP8 mixture of experts, beyond it. A 4-bit mixture of experts
 * loads nevertheless (vLLM then takes another kernel), and MXFP4 is padded.
 */
export function tensorParallelLimit(
  quantization: Quantization,
  widths: CutWidths,
): number | undefined {
  const isMixture = widths.expertIntermediate !== undefined;
  const width = quantization === "fp8" ? widths.expertIntermediate : widths.intermediate;
  const grouped =
    quantization === "fp8" || (!isMixture && (quantization === "awq" || quantization === "gptq"));
  if (!grouped || width === undefined) return undefined;
  if (width % (4 * GROUP) === 0) return undefined;
  return width % (2 * GROUP) === 0 ? 2 : 1;
}
