import type { GpuType } from "./gpu-types.ts";
import type { ModelFacts } from "./models.ts";

/** How a model is to be served on a GPU type. */
export interface Fit {
  readonly fits: true;
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  /** The window that will be asked for: what the plan wants, lowered to what fits when the plan leaves it out. */
  readonly maxModelLen: number;
  /** The longest window that fits, tokens. */
  readonly largestModelLen: number;
  /** The window that the plan's default asks for, when less fits: worth saying. */
  readonly loweredFrom?: number;
  readonly dtype: "auto" | "half";
  readonly attentionBackend: string | undefined;
  readonly weightsGibPerGpu: number;
}

export interface NoFit {
  readonly fits: false;
  /** With the figures, for the user. */
  readonly reason: string;
}

export interface FitQuestion {
  readonly gpu: GpuType;
  readonly model: ModelFacts;
  readonly gpuMemoryUtilization: number;
  /** From the plan; undefined = as long as fits, at most `preferredModelLen`. */
  readonly maxModelLen: number | undefined;
  readonly preferredModelLen: number;
}

export type FitModel = (question: FitQuestion) => Fit | NoFit;
