import { type Card, isTuring } from "./gpu-types.ts";
import type { ModelFacts, Quantization } from "./models.ts";

/** First minor version (0.x) of vLLM whose kernels read these weights on Turing. */
const TURING: Partial<Record<Quantization, number>> = { fp8: 17, "compressed-tensors": 13 };

/** First minor version (0.x) of vLLM that runs this model on this card; undefined = every supported version does. */
export function minVllmMinor(card: Card, model: ModelFacts): number | undefined {
  const onTuring = isTuring(card) ? (TURING[model.quantization] ?? 0) : 0;
  const needed = Math.max(onTuring, model.minVllmMinor ?? 0);
  return needed === 0 ? undefined : needed;
}
