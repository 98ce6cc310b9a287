import type { GpuType } from "../catalog/gpu-types.ts";
import type { ModelFacts } from "../catalog/models.ts";
import { configure } from "./configure.ts";

/** A GPU type that a model runs on with a plan's defaults. */
export interface ModelFit {
  readonly gpu: GpuType;
  /** The longest `max_model_len` that fits, tokens. */
  readonly largestModelLen: number;
}

/** The GPU types on which a model runs, in the same order. */
export function modelFits(model: ModelFacts, gpus: readonly GpuType[]): readonly ModelFit[] {
  const rest = { passes: 1, suites: [], load: [1] };
  return gpus.flatMap((gpu) => {
    const request = { gpu, model, revision: undefined, own: {}, defaults: {}, rest };
    const configured = configure(request);
    return "fit" in configured ? [{ gpu, largestModelLen: configured.fit.largestModelLen }] : [];
  });
}
