/** The settings in vLLM's start-up log; undefined = not logged. */
export interface StartupFacts {
  /** `bfloat16`, `float16` ... */
  readonly dtype: string | undefined;
  readonly quantization: string | undefined;
  readonly attentionBackend: string | undefined;
  /** Other settings, keyed by vLLM's own names. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

const SETTINGS = [
  "max_seq_len",
  "tensor_parallel_size",
  "pipeline_parallel_size",
  "data_parallel_size",
  "kv_cache_dtype",
  "enforce_eager",
  "enable_prefix_caching",
  "enable_chunked_prefill",
  "load_format",
  "seed",
] as const;

/**
 * Parses the lines "non-default args: ...", "Initializing a V1 LLM engine (...) with config: ..." and "Using ... attention
 * backend".
 */
export function startupFacts(log: string): StartupFacts {
  const config = /Initializing a V\d LLM engine \([^)]*\) with config: (.*)/.exec(log)?.[1] ?? "";
  const valueOf = (name: string): string | undefined =>
    new RegExp(`(?:^|[ ,])${name}=([\\w.-]+)`).exec(config)?.[1];
  const quantization = valueOf("quantization");
  const sequences = /non-default args: .*'max_num_seqs': (\d+)/.exec(log)?.[1];
  return {
    dtype: /\bdtype=torch\.(\w+)/.exec(config)?.[1],
    quantization: quantization === "None" ? undefined : quantization,
    attentionBackend: /Using (?:AttentionBackendEnum\.)?(\w[\w ]*?) (?:attention )?backend\b/.exec(
      log,
    )?.[1],
    settings: {
      ...Object.fromEntries(
        SETTINGS.flatMap((name) => {
          const value = valueOf(name);
          return value === undefined || value === "None" ? [] : [[name, fromPython(value)]];
        }),
      ),
      ...(sequences === undefined ? {} : { max_num_seqs: Number(sequences) }),
      // Only if it was an argument, since vLLM sets it itself on some platforms.
      ...(/non-default args: .*'disable_custom_all_reduce': True/.test(log)
        ? { disable_custom_all_reduce: true }
        : {}),
    },
  };
}

function fromPython(value: string): string | number | boolean {
  if (value === "True" || value === "False") return value === "True";
  return /^\d+$/.test(value) ? Number(value) : value;
}
