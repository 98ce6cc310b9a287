import type { GpuType } from "./gpu-types.ts";
import type { ModelFacts } from "./models.ts";

/** How to serve a model on a GPU type. */
export interface Fit {
  readonly fits: true;
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  /** Context window to request from vLLM, tokens: the plan's, or by default what fits. */
  readonly maxModelLen: number;
  /** Longest window that fits, tokens. */
  readonly largestModelLen: number;
  /** The plan's default window, tokens; set only when less than that fits. */
  readonly loweredFrom?: number;
  readonly dtype: "auto" | "half";
  readonly attentionBackend: string | undefined;
  readonly weightsGibPerGpu: number;
}

export interface NoFit {
  readonly fits: false;
  /** Why not, with figures, for the user. */
  readonly reason: string;
}

export interface FitQuestion {
  readonly gpu: GpuType;
  readonly model: ModelFacts;
  readonly gpuMemoryUtilization: number;
  /** The plan's window for this model, tokens; undefined = as long as fits, up to `preferredModelLen`. */
  readonly maxModelLen: number | undefined;
  readonly preferredModelLen: number;
}

export type FitModel = (question: FitQuestion) => Fit | NoFit;
