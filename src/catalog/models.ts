export type ModelCategory = "7b" | "14b" | "30b" | "70b";
export type Quantization = "none" | "awq" | "gptq" | "fp8" | "mxfp4" | "compressed-tensors";

/** The properties of a model that determine whether it fits a GPU and how fast it runs. */
export interface ModelFacts {
  readonly id: string;
  readonly category: ModelCategory;
  /** Parameters, 10^9. */
  readonly paramsB: number;
  /** Parameters used for each token, 10^9; equal to `paramsB` in a dense model. */
  readonly activeParamsB: number;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocab: number;
  /** Longest context that the model supports, tokens. */
  readonly maxPosition: number;
  /** Size of the checkpoint, GiB. */
  readonly checkpointGib: number;
  readonly quantization: Quantization;
  /** 16-bit KV cache per token, bytes, all GPUs together. */
  readonly kvBytesPerToken: number;
  /** Multi-head latent attention: tensor parallelism replicates the cache instead of dividing it. */
  readonly mla: boolean;
  /** Largest tensor parallelism that does not split a quantisation group; undefined = any. */
  readonly largestTensorParallel: number | undefined;
  /** Memory per GPU that is neither weights nor cache, GiB. */
  readonly overheadGib: number;
  /** Correction of the cache size for hybrid and vision models; 1 for others. */
  readonly kvFactor: number;
  /** Whether vLLM runs it in float16. If not, it cannot run on Turing. */
  readonly float16: boolean;
  /** Whether downloading it requires accepting a licence on the Hub. */
  readonly gated: boolean;
  /** First minor version (0.x) of vLLM that supports the architecture; left out = 0.11 or earlier. */
  readonly minVllmMinor?: number;
}
