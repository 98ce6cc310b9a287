/** What vLLM says, while it starts, that it made of the request; undefined = it did not say. */
export interface StartupFacts {
  /** `bfloat16`, `float16` ... */
  readonly dtype: string | undefined;
  readonly quantization: string | undefined;
  readonly attentionBackend: string | undefined;
}

/** From the lines "Initializing a V1 LLM engine (...) with config: ..." and "Using ... attention backend". */
export function startupFacts(log: string): StartupFacts {
  const config = /Initializing a V\d LLM engine \([^)]*\) with config: (.*)/.exec(log)?.[1] ?? "";
  const quantization = /\bquantization=([\w-]+)/.exec(config)?.[1];
  return {
    dtype: /\bdtype=torch\.(\w+)/.exec(config)?.[1],
    quantization: quantization === "None" ? undefined : quantization,
    attentionBackend: /Using (?:AttentionBackendEnum\.)?(\w[\w ]*?) (?:attention )?backend\b/.exec(
      log,
    )?.[1],
  };
}
