import type { ServeChange } from "../machine/machine.ts";

/** What a start of vLLM can die of: its words in the log, and what to do about it. */
export interface FailureSignature {
  readonly cause: string;
  /** Matched against one log line without its prefix. */
  readonly pattern: RegExp;
  readonly remedy: string;
  /** The same configuration may work at another try. */
  readonly retry?: true;
  /** A change with which it may work, where the plan leaves that to us. */
  readonly retryWith?: (match: RegExpExecArray) => ServeChange | undefined;
  /** Lines for the model in the plan that would change it. */
  readonly planLines?: (match: RegExpExecArray) => readonly string[];
}

/** The window that fits, in whole blocks of 256 tokens; undefined when the log does not tell. */
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
 * In order of precedence: an earlier signature explains a later one. Texts are vLLM's own (v0.10 to v0.33:
 * v1/worker, v1/core/kv_cache_utils.py, config, platforms/cuda.py, model_executor), transformers', the Hub client's
 * and docker's.
 */
export const FAILURE_SIGNATURES: readonly FailureSignature[] = [
  {
    cause: "an option that this vLLM does not know",
    pattern: /^(?:vllm|api_server\.py): error: .*/,
    remedy: "use an image whose vLLM knows the option, or leave the setting out",
  },
  {
    cause: "the port is taken: a former server has not gone yet",
    pattern: /OSError: \[Errno 98\].*[Aa]ddress already in use/,
    remedy: "wait for the former server to end",
    retry: true,
  },
  {
    cause: "GPU memory is still held by a former server",
    pattern: /Free memory on device .* on startup is less than desired GPU memory utilization/,
    remedy: "wait for the memory to be freed; if it stays, lower gpu_memory_utilization",
    retry: true,
    planLines: () => ["gpu_memory_utilization: 0.85"],
  },
  {
    cause: "the context window does not fit: too little memory for its KV cache",
    pattern:
      /To serve at least one request with the models?'s? max seq len.*estimated maximum model length is ([\d,]+)/,
    remedy: "ask for a shorter window, or rent more memory",
    ...shorterWindow,
  },
  {
    cause: "the context window does not fit: too little memory for its KV cache",
    pattern:
      /To serve at least one request with the models?'s? max seq len|larger than the maximum number of tokens that can be stored in KV cache \((\d+)\)/,
    remedy: "ask for a shorter window, or rent more memory",
    ...shorterWindow,
  },
  {
    cause: "the weights leave no memory for the KV cache",
    pattern: /No available memory for the cache blocks/,
    remedy: "use more or larger GPUs or a quantised variant, or give vLLM more of the memory",
    planLines: () => ["gpu_memory_utilization: 0.95"],
  },
  {
    cause: "out of GPU memory while warming up the sampler",
    pattern: /CUDA out of memory occurred when warming up sampler with (\d+) dummy requests/,
    remedy: "allow fewer sequences at once",
    planLines: (match) => [`max_num_seqs: ${String(Math.min(64, Number(match[1])))}`],
  },
  {
    cause: "more sequences at once than the model's states fit in memory",
    pattern: /max_num_seqs \(\d+\) exceeds available Mamba cache blocks \((\d+)\)/,
    remedy: "allow fewer sequences at once",
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
    remedy: "ask for the model's own window at most",
    planLines: (match) => [`max_model_len: ${match[1] ?? ""}`],
  },
  {
    cause: "the attention heads do not divide over the GPUs",
    pattern:
      /Total number of attention heads \(\d+\) must be divisible by tensor parallel size \(\d+\)/,
    remedy: "use a GPU type whose number of GPUs divides the heads",
  },
  {
    cause: "the weights do not divide over the GPUs",
    pattern:
      /(?:input_size_per_partition|output_size_per_partition|intermediate_size|block_n|block_k).* is not divisible by|is not divisible by (?:weight|input)|AssertionError: \d+ is not divisible by \d+/,
    remedy: "use another number of GPUs, or a quantisation with another group size",
  },
  {
    cause: "fewer GPUs than the model is to be divided over",
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
    cause: "the precision does not go with the quantisation",
    pattern: /torch\.\w+ is not supported for quantization method/,
    remedy: "use a precision that the message lists",
    planLines: () => ["dtype: half"],
  },
  {
    cause: "the quantisation asked for is not the checkpoint's",
    pattern: /Quantization method specified in the model config .* does not match/,
    remedy: "leave the quantisation to vLLM, which reads it from the checkpoint",
  },
  {
    cause: "the key-value cache cannot be FP8 on this card",
    pattern: /FP8 KV cache is not supported by/,
    remedy: "leave the cache's precision to vLLM",
    planLines: () => ["kv_cache_dtype: auto"],
  },
  {
    cause: "no attention backend runs on this card",
    pattern:
      /FA2 is only supported on devices with compute capability|No valid attention backend found for/,
    remedy: "choose the backend that runs on every card",
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
    cause: "the model wants to run its own code",
    pattern: /trust_remote_code=True/,
    remedy: "allow it, if you trust the model's maker",
    planLines: () => ["allow_remote_code: true"],
  },
  {
    cause: "this vLLM does not know the model's architecture",
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
    remedy: "rent again: the VM's driver or container toolkit is not sound",
  },
  {
    cause: "the GPUs cannot talk to each other",
    pattern: /NCCL error|ncclUnhandledCudaError|ncclSystemError/,
    remedy: "try again; if it stays, use a type with fewer GPUs",
    retry: true,
  },
  {
    cause: "the disk is full",
    pattern: /[Nn]o space left on device/,
    remedy: "rent fewer models at once, or a type with a larger disk",
  },
  {
    cause: "the image cannot be had",
    pattern: /manifest (?:for .* not found|unknown)|pull access denied|repository does not exist/,
    remedy: "check the image's name and tag",
  },
  {
    cause: "Docker Hub's limit on image pulls is used up for this VM's address",
    pattern: /toomanyrequests/,
    remedy:
      "name a copy of the image in another registry as engine.image, or try again in some hours",
  },
  {
    cause: "the download broke",
    pattern:
      /429 Client Error|50[0-4] Server Error|ConnectionError|ReadTimeout|ConnectTimeout|Read timed out|IncompleteRead|ChunkedEncodingError|Temporary failure in name resolution|LocalEntryNotFoundError|TLS handshake timeout|Consistency check failed|ProtocolError|i\/o timeout|connection reset by peer/i,
    remedy: "try the download again",
    retry: true,
  },
  {
    cause: "the model's name is not understood",
    pattern: /Invalid repository ID or local directory specified/,
    remedy: "check the model's id; the lines above may tell of a network or access problem",
  },
];
