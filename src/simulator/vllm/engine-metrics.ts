export type FinishReason = "stop" | "length" | "abort" | "error";

/** A finished request; times in virtual seconds by the engine's clock. */
export interface FinishedRequest {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly maxTokens: number;
  readonly arrived: number;
  readonly scheduled: number;
  readonly first: number;
  readonly last: number;
  readonly reason: "stop" | "length";
}

/** A value of a histogram, and its number of observations. */
export type Observation = readonly [value: number, times: number];

export type EngineMetrics = ReturnType<typeof createEngineMetrics>;

/** Counters and histograms of an engine. Times are those of the actual writes, as a real engine's are of its steps. */
export function createEngineMetrics() {
  const counts = { prompt: 0, cached: 0, generation: 0 };
  const finished = { stop: 0, length: 0, abort: 0, error: 0 };
  const observations = new Map<string, Observation[]>();
  const observe = (histogram: string, value: number, times = 1): void => {
    const list = observations.get(histogram) ?? [];
    list.push([value, times]);
    observations.set(histogram, list);
  };
  return {
    counts: counts as Readonly<typeof counts>,
    finished: finished as Readonly<typeof finished>,
    /** Keyed by vLLM's names of the histograms. */
    observations: observations as ReadonlyMap<string, readonly Observation[]>,
    /** Called when the prompt is computed and the first token was written. */
    prefilled: (tokens: number, cached: number, secondsSinceArrival: number): void => {
      counts.prompt += tokens;
      counts.cached += cached;
      observe("time_to_first_token_seconds", secondsSinceArrival);
      observe("iteration_tokens_total", tokens - cached + 1);
    },
    generated: (tokens: number): void => {
      counts.generation += tokens;
    },
    finish: (request: FinishedRequest): void => {
      finished[request.reason] += 1;
      const { arrived, scheduled, first, last, promptTokens, completionTokens } = request;
      const decode = last - first;
      const gaps = completionTokens - 1;
      if (gaps > 0) {
        observe("inter_token_latency_seconds", decode / gaps, gaps);
        observe("iteration_tokens_total", 1, gaps);
      }
      const observed = {
        request_time_per_output_token_seconds: gaps > 0 ? decode / gaps : 0,
        request_prompt_tokens: promptTokens,
        request_generation_tokens: completionTokens,
        request_max_num_generation_tokens: completionTokens,
        request_params_n: 1,
        request_params_max_tokens: request.maxTokens,
        e2e_request_latency_seconds: last - arrived,
        request_queue_time_seconds: scheduled - arrived,
        request_inference_time_seconds: last - scheduled,
        request_prefill_time_seconds: first - scheduled,
        request_decode_time_seconds: decode,
        request_num_preemptions: 0,
        request_prefill_kv_computed_tokens: promptTokens - request.cachedTokens,
      };
      for (const [histogram, value] of Object.entries(observed)) observe(histogram, value);
    },
  };
}
