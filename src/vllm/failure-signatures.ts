import type { ServeChange } from "../machine/machine.ts";

/** A known cause of a failed start: its text in the log, and a remedy. */
export interface FailureSignature {
  readonly cause: string;
  /** Matched against one log line without its prefix. */
  readonly pattern: RegExp;
  readonly remedy: string;
  /** The same configuration may work when it is retried. */
  readonly retry?: true;
  /** Changed settings with which a retry may work, if the plan does not set them. */
  readonly retryWith?: (match: RegExpExecArray) => ServeChange | undefined;
  /** Lines for the model's entry in the plan that may help. */
  readonly planLines?: (match: RegExpExecArray) => readonly string[];
}

/** The context window that fits, rounded down to a multiple of 256 tokens; undefined if the log does not say. */
function fittingWindow(match: RegExpExecArray): number | undefined {
  const tokens = Math.floor(Number(match[1]?.replaceAll(",", "") ?? 0) / 256) * 256;
  return tokens > 0 ? tokens : undefined;
}

const shorterWindow: Pick<FailureSignature, "planLines" | "retryWith"> = {
  planLines: (match) => {
    const tokens = fittingWindow(match);
    return tokens === undefined ? [] : [`max_model_len: ${String(tokens)}`];
  },
  retryWith: (match) => {
    const tokens = fittingWindow(match);
    return tokens === undefined ? undefined : { maxModelLen: tokens };
  },
};

/**
 * In order of precedence: the cause of an earlier signature may lead to the text of a later one. The texts are from vLLM
 * (v0.10 to v0.33: v1/worker, v1/core/kv_cache_utils.py, config, platforms/cuda.py, model_executor), transformers, the
 * Hub client and docker.
 */
export const FAILURE_SIGNATURES: readonly FailureSignature[] = [
  {
    cause: "this version of vLLM does not have an option",
    pattern: /^(?:vllm|api_server\.py): error: .*/,
    remedy: "use an image whose vLLM has the option, or omit the setting",
  },
  {
    cause: "the port is still in use by the previous server",
    pattern: /OSError: \[Errno 98\].*[Aa]ddress already in use/,
    remedy: "wait until the previous server has stopped",
    retry: true,
  },
  {
    cause: "GPU memory is still in use by the previous server",
    pattern: /Free memory on device .* on startup is less than desired GPU memory utilization/,
    remedy: "wait until the memory is freed; if it is not, lower gpu_memory_utilization",
    retry: true,
    planLines: () => ["gpu_memory_utilization: 0.85"],
  },
  {
    cause: "the context window does not fit: too little memory for its KV cache",
    pattern:
      /To serve at least one request with the models?'s? max seq len.*estimated maximum model length is ([\d,]+)/,
    remedy: "set a shorter window, or use a type with more GPU memory",
    ...shorterWindow,
  },
  {
    cause: "the context window does not fit: too little memory for its KV cache",
    pattern:
      /To serve at least one request with the models?'s? max seq len|larger than the maximum number of tokens that can be stored in KV cache \((\d+)\)/,
    remedy: "set a shorter window, or use a type with more GPU memory",
    ...shorterWindow,
  },
  {
    cause: "the weights leave no memory for the KV cache",
    pattern: /No available memory for the cache blocks/,
    remedy: "use more or larger GPUs, a quantised variant, or a higher gpu_memory_utilization",
    planLines: () => ["gpu_memory_utilization: 0.95"],
  },
  {
    cause: "out of GPU memory while warming up the sampler",
    pattern: /CUDA out of memory occurred when warming up sampler with (\d+) dummy requests/,
    remedy: "lower max_num_seqs",
    planLines: (match) => [`max_num_seqs: ${String(Math.min(64, Number(match[1])))}`],
  },
  {
    cause: "the model's states for max_num_seqs sequences do not fit in memory",
    pattern: /max_num_seqs \(\d+\) exceeds available Mamba cache blocks \((\d+)\)/,
    remedy: "lower max_num_seqs",
    planLines: (match) => (match[1] === "0" ? [] : [`max_num_seqs: ${match[1] ?? ""}`]),
  },
  {
    cause: "out of GPU memory",
    pattern: /Failed to load model - not enough GPU memory|OutOfMemoryError|CUDA out of memory/,
    remedy: "use more or larger GPUs, or a quantised variant of the model",
    planLines: () => ["enforce_eager: true"],
  },
  {
    cause: "the context window is longer than the model's own",
    pattern:
      /User-specified max_model_len \(\d+\) is greater than the derived max_model_len \(\D*(\d+)/,
    remedy: "set at most the model's own window",
    planLines: (match) => [`max_model_len: ${match[1] ?? ""}`],
  },
  {
    cause: "the attention heads cannot be divided evenly among the GPUs",
    pattern:
      /Total number of attention heads \(\d+\) must be divisible by tensor parallel size \(\d+\)/,
    remedy: "use a GPU type whose number of GPUs divides the number of heads",
  },
  {
    cause: "the weights cannot be divided evenly among the GPUs",
    pattern:
      /(?:input_size_per_partition|output_size_per_partition|intermediate_size|block_n|block_k).* is not divisible by|is not divisible by (?:weight|input)|AssertionError: \d+ is not divisible by \d+/,
    remedy: "use another number of GPUs, or a quantisation with another group size",
  },
  {
    cause: "the VM has fewer GPUs than the model is to be divided among",
    pattern: /World size \(\d+\) is larger than the number of available GPUs \(\d+\)/,
    remedy: "use a GPU type with that many GPUs",
  },
  {
    cause: "the quantisation does not run on this card",
    pattern:
      /The quantization method \S+ is not supported for the current GPU\. Minimum capability: \d+\. Current capability: \d+/,
    remedy: "use another quantisation or a newer card; newer images support more on Turing",
  },
  {
    cause: "the card has no bfloat16",
    pattern: /Bfloat16 is only supported on GPUs with compute capability of at least/,
    remedy: "serve in half precision",
    planLines: () => ["dtype: half"],
  },
  {
    cause: "the model does not run in float16, and the card has no bfloat16",
    pattern: /The model type '[^']*' does not support float16/,
    remedy: "use a card of the Ada or Blackwell generation",
  },
  {
    cause: "the quantisation does not support the precision",
    pattern: /torch\.\w+ is not supported for quantization method/,
    remedy: "use a precision that the message lists",
    planLines: () => ["dtype: half"],
  },
  {
    cause: "the quantisation in the plan is not the checkpoint's",
    pattern: /Quantization method specified in the model config .* does not match/,
    remedy: "omit quantization: vLLM reads it from the checkpoint",
  },
  {
    cause: "the key-value cache cannot be FP8 on this card",
    pattern: /FP8 KV cache is not supported by/,
    remedy: "let vLLM choose the cache's precision",
    planLines: () => ["kv_cache_dtype: auto"],
  },
  {
    cause: "no attention backend runs on this card",
    pattern:
      /FA2 is only supported on devices with compute capability|No valid attention backend found for/,
    remedy: "use the backend that runs on every card",
    planLines: () => ["attention_backend: TRITON_ATTN"],
  },
  {
    cause: "the model is gated, and the token has no access",
    pattern:
      /trying to access a gated repo|Cannot access gated repo|GatedRepoError|40[13] Client Error|Access to model .* is restricted/,
    remedy: "accept the model's licence on its page, and set HF_TOKEN to a token of that account",
  },
  {
    cause: "the model or its revision does not exist",
    pattern:
      /RepositoryNotFoundError|RevisionNotFoundError|is not a valid model identifier|404 Client Error|HFValidationError/,
    remedy: "check the model's id and revision; a private model also needs HF_TOKEN",
  },
  {
    cause: "the model needs to run its own code",
    pattern: /trust_remote_code=True/,
    remedy: "allow it if you trust the model's publisher",
    planLines: () => ["allow_remote_code: true"],
  },
  {
    cause: "this version of vLLM does not support the model's architecture",
    pattern:
      /Model architectures \[.*\] (?:are not supported for now|failed to be inspected)|does not recognize this architecture/,
    remedy: "use a newer image",
  },
  {
    cause: "the driver is too old for the image",
    pattern:
      /The NVIDIA driver on your system is too old|PTX was compiled with an unsupported toolchain|CUDA driver version is insufficient|unsatisfied condition: cuda/,
    remedy: "use an older image",
  },
  {
    cause: "the image has no code for this card",
    pattern: /no kernel image is available/,
    remedy: "use an image that is built for the card's compute capability",
  },
  {
    cause: "the container does not see the GPU",
    pattern:
      /Failed to infer device type|could not select device driver|nvidia-container-cli: .*error|No CUDA GPUs are available/,
    remedy: "rent another VM: the driver or the container toolkit of this one does not work",
  },
  {
    cause: "the GPUs cannot communicate with each other",
    pattern: /NCCL error|ncclUnhandledCudaError|ncclSystemError/,
    remedy: "try again; if it fails again, use a type with fewer GPUs",
    retry: true,
  },
  {
    cause: "the disk is full",
    pattern: /[Nn]o space left on device/,
    remedy: "list fewer models in the entry, or use a type with a larger disk",
  },
  {
    cause: "the image cannot be pulled",
    pattern: /manifest (?:for .* not found|unknown)|pull access denied|repository does not exist/,
    remedy: "check the image's name and tag",
  },
  {
    cause: "Docker Hub's limit on image pulls is reached for this VM's address",
    pattern: /toomanyrequests/,
    remedy:
      "set engine.image to a copy of the image in another registry, or try again in a few hours",
  },
  {
    cause: "the download failed",
    pattern:
      /429 Client Error|50[0-4] Server Error|ConnectionError|ReadTimeout|ConnectTimeout|Read timed out|IncompleteRead|ChunkedEncodingError|Temporary failure in name resolution|LocalEntryNotFoundError|TLS handshake timeout|Consistency check failed|ProtocolError|i\/o timeout|connection reset by peer/i,
    remedy: "try the download again",
    retry: true,
  },
  {
    cause: "the model's id is invalid or cannot be looked up",
    pattern: /Invalid repository ID or local directory specified/,
    remedy: "check the model's id; the preceding lines may report a network or access problem",
  },
];
