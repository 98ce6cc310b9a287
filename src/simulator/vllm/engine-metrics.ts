import {
  createHistogram,
  FIRST_TOKEN_BOUNDS,
  LATENCY_BOUNDS,
  oneTwoFive,
  PARALLEL_BOUNDS,
  PREEMPTION_BOUNDS,
  STEP_BOUNDS,
  TOKEN_BOUNDS,
} from "./histogram.ts";

export type FinishReason = "stop" | "length" | "abort" | "error";

/** What one request did, all times in virtual seconds by the engine's own stamps. */
export interface FinishedRequest {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly maxTokens: number;
  readonly preemptions: number;
  readonly arrived: number;
  readonly scheduled: number;
  readonly first: number;
  readonly last: number;
  readonly reason: "stop" | "length";
}

export type EngineMetrics = ReturnType<typeof createEngineMetrics>;

/**
 * Counters and histograms of an engine, from what it really did: its stamps are those of the writes, as a real
 * engine's are those of its steps.
 */
export function createEngineMetrics(maxModelLen: number) {
  const tokenBounds = oneTwoFive(maxModelLen);
  const histogramOf = {
    request_prompt_tokens: createHistogram(tokenBounds),
    request_generation_tokens: createHistogram(tokenBounds),
    iteration_tokens_total: createHistogram(STEP_BOUNDS),
    request_max_num_generation_tokens: createHistogram(tokenBounds),
    request_params_n: createHistogram(PARALLEL_BOUNDS),
    request_params_max_tokens: createHistogram(tokenBounds),
    time_to_first_token_seconds: createHistogram(FIRST_TOKEN_BOUNDS),
    inter_token_latency_seconds: createHistogram(TOKEN_BOUNDS),
    request_time_per_output_token_seconds: createHistogram(TOKEN_BOUNDS),
    e2e_request_latency_seconds: createHistogram(LATENCY_BOUNDS),
    request_queue_time_seconds: createHistogram(LATENCY_BOUNDS),
    request_inference_time_seconds: createHistogram(LATENCY_BOUNDS),
    request_prefill_time_seconds: createHistogram(LATENCY_BOUNDS),
    request_decode_time_seconds: createHistogram(LATENCY_BOUNDS),
    request_num_preemptions: createHistogram(PREEMPTION_BOUNDS),
    request_prefill_kv_computed_tokens: createHistogram(tokenBounds),
  };
  const counts = { prompt: 0, cached: 0, generation: 0, preemptions: 0 };
  const finished: Record<FinishReason | "repetition", number> = {
    stop: 0,
    length: 0,
    abort: 0,
    error: 0,
    repetition: 0,
  };
  return {
    histogramOf,
    counts: counts as Readonly<typeof counts>,
    finished: finished as Readonly<typeof finished>,
    /** The prompt is in the cache; its first token is out. */
    prefilled: (tokens: number, cached: number, secondsSinceArrival: number): void => {
      counts.prompt += tokens;
      counts.cached += cached;
      histogramOf.time_to_first_token_seconds.observe(secondsSinceArrival);
      histogramOf.iteration_tokens_total.observe(tokens - cached + 1);
    },
    generated: (tokens: number): void => {
      counts.generation += tokens;
    },
    preempted: (): void => {
      counts.preemptions += 1;
    },
    finish: (request: FinishedRequest): void => {
      finished[request.reason] += 1;
      const decode = request.last - request.first;
      const gaps = request.completionTokens - 1;
      if (gaps > 0) {
        histogramOf.inter_token_latency_seconds.observe(decode / gaps, gaps);
        histogramOf.iteration_tokens_total.observe(1, gaps);
      }
      histogramOf.request_time_per_output_token_seconds.observe(gaps > 0 ? decode / gaps : 0);
      histogramOf.request_prompt_tokens.observe(request.promptTokens);
      histogramOf.request_generation_tokens.observe(request.completionTokens);
      histogramOf.request_max_num_generation_tokens.observe(request.completionTokens);
      histogramOf.request_params_n.observe(1);
      histogramOf.request_params_max_tokens.observe(request.maxTokens);
      histogramOf.e2e_request_latency_seconds.observe(request.last - request.arrived);
      histogramOf.request_queue_time_seconds.observe(request.scheduled - request.arrived);
      histogramOf.request_inference_time_seconds.observe(request.last - request.scheduled);
      histogramOf.request_prefill_time_seconds.observe(request.first - request.scheduled);
      histogramOf.request_decode_time_seconds.observe(decode);
      histogramOf.request_num_preemptions.observe(request.preemptions);
      histogramOf.request_prefill_kv_computed_tokens.observe(
        request.promptTokens - request.cachedTokens,
      );
    },
  };
}
