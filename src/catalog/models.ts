export type ModelCategory = "7b" | "14b" | "30b" | "70b";
export type Quantization = "none" | "awq" | "gptq" | "fp8" | "mxfp4" | "compressed-tensors";

/** What the fit and the forecast need to know of a model. */
export interface ModelFacts {
  readonly id: string;
  readonly category: ModelCategory;
  /** Total and active parameters, 10^9. */
  readonly paramsB: number;
  readonly activeParamsB: number;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocab: number;
  readonly maxPosition: number;
  /** Size of the checkpoint, GiB. */
  readonly checkpointGib: number;
  readonly quantization: Quantization;
  /** 16-bit key-value cache, bytes a token over all GPUs. */
  readonly kvBytesPerToken: number;
  /** Multi-head latent attention: the cache is replicated, not divided, by tensor parallelism. */
  readonly mla: boolean;
  /** GPUs that it may be divided over only as far as this keeps whole quantisation groups; undefined = any. */
  readonly largestTensorParallel: number | undefined;
  /** Extra memory for each GPU, GiB, and factor on the cache, of hybrid and vision models. */
  readonly overheadGib: number;
  readonly kvFactor: number;
  /** Models that vLLM refuses in float16 and that so cannot run on Turing. */
  readonly float16: boolean;
  readonly gated: boolean;
  /** Minor version (0.x) of vLLM by which it knows the architecture at the latest; left out = 0.11 does. */
  readonly oldestVllm?: number;
}
