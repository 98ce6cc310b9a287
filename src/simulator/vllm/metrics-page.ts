import type { Engine } from "./engine.ts";
import type { HttpStatistics } from "./http-statistics.ts";
import { createPrometheusText, type Labels, type Sample } from "./prometheus-text.ts";

export interface MetricsPage {
  readonly engine: Engine;
  readonly http: HttpStatistics;
  readonly model: string;
  /** Seconds since the epoch. */
  readonly startedAt: number;
  readonly gpuMemoryUtilization: number;
  readonly cacheTokens: number;
  readonly blockTokens: number;
  readonly maxModelLen: number;
  /** Share by which the generated tokens are told too high. */
  readonly miscount: number;
}

const HISTOGRAMS = {
  request_prompt_tokens: "Number of prefill tokens processed.",
  request_generation_tokens: "Number of generation tokens processed.",
  iteration_tokens_total: "Histogram of number of tokens per engine_step.",
  request_max_num_generation_tokens: "Histogram of maximum number of requested generation tokens.",
  request_params_n: "Histogram of the n request parameter.",
  request_params_max_tokens: "Histogram of the max_tokens request parameter.",
  time_to_first_token_seconds: "Histogram of time to first token in seconds.",
  inter_token_latency_seconds: "Histogram of inter-token latency in seconds.",
  request_time_per_output_token_seconds: "Histogram of time_per_output_token_seconds per request.",
  e2e_request_latency_seconds: "Histogram of e2e request latency in seconds.",
  request_queue_time_seconds: "Histogram of time spent in WAITING phase for request.",
  request_inference_time_seconds: "Histogram of time spent in RUNNING phase for request.",
  request_prefill_time_seconds: "Histogram of time spent in PREFILL phase for request.",
  request_decode_time_seconds: "Histogram of time spent in DECODE phase for request.",
  request_num_preemptions: "Histogram of the number of times a request was preempted.",
  request_prefill_kv_computed_tokens:
    "Histogram of new KV tokens computed during prefill (excluding cached tokens).",
} as const;

/** What `/metrics` answers: vLLM's own names, and those of the libraries that it is built on. */
export function metricsPage(page: MetricsPage): string {
  const text = createPrometheusText(page.startedAt);
  const { engine } = page;
  const { counts, finished, histogramOf } = engine.metrics;
  const own: Labels = { engine: "0", model_name: page.model };
  const one = (value: number): Sample[] => [[own, value]];
  const by = (label: string, values: Readonly<Record<string, number>>): Sample[] =>
    Object.entries(values).map(([name, value]) => [{ ...own, [label]: name }, value]);
  const gauge = (name: string, help: string, samples: readonly Sample[]): void => {
    text.gauge(`vllm:${name}`, help, samples);
  };
  const counter = (name: string, help: string, samples: readonly Sample[]): void => {
    text.counter(`vllm:${name}`, help, samples);
  };

  processMetrics(text, page.startedAt);
  const perGpu = "(for Model Flops Utilization calculations).";
  counter("estimated_flops_per_gpu", `Estimated floating point operations ${perGpu}`, one(0));
  counter("estimated_read_bytes_per_gpu", `Estimated bytes read from memory ${perGpu}`, one(0));
  counter("estimated_write_bytes_per_gpu", `Estimated bytes written to memory ${perGpu}`, one(0));
  gauge(
    "num_requests_running",
    "Number of requests in model execution batches.",
    one(engine.running.length),
  );
  gauge("num_requests_waiting", "Number of requests waiting to be processed.", one(engine.waiting));
  gauge(
    "num_requests_waiting_by_reason",
    "Number of waiting requests by reason.",
    by("reason", { capacity: engine.waiting, deferred: 0 }),
  );
  gauge(
    "engine_sleep_state",
    "Engine sleep state; awake = 1 means engine is awake.",
    by("sleep_state", { awake: 1, weights_offloaded: 0, discard_all: 0 }),
  );
  gauge(
    "kv_cache_usage_perc",
    "KV-cache usage. 1 means 100 percent usage.",
    one(engine.cacheUsage),
  );
  counter("prefix_cache_queries", "Prefix cache queries, in queried tokens.", one(counts.prompt));
  counter("prefix_cache_hits", "Prefix cache hits, in cached tokens.", one(counts.cached));
  counter("external_prefix_cache_queries", "External prefix cache queries, in tokens.", one(0));
  counter("external_prefix_cache_hits", "External prefix cache hits, in tokens.", one(0));
  counter("mm_cache_queries", "Multi-modal cache queries, in items.", one(0));
  counter("mm_cache_hits", "Multi-modal cache hits, in items.", one(0));
  counter(
    "num_preemptions",
    "Cumulative number of preemption from the engine.",
    one(counts.preemptions),
  );
  counter("prompt_tokens", "Number of prefill tokens processed.", one(counts.prompt));
  counter(
    "prompt_tokens_by_source",
    "Number of prompt tokens by source.",
    by("source", {
      local_compute: counts.prompt - counts.cached,
      local_cache_hit: counts.cached,
      external_kv_transfer: 0,
    }),
  );
  counter(
    "prompt_tokens_cached",
    "Number of cached prompt tokens (local + external).",
    one(counts.cached),
  );
  counter(
    "prompt_tokens_cached_by_source",
    "Prefix-cache hit tokens by the cache tier that supplied them.",
    by("source", { device: counts.cached, host: 0, p2p: 0, disk: 0, external_unspecified: 0 }),
  );
  counter(
    "generation_tokens",
    "Number of generation tokens processed.",
    one(Math.round(counts.generation * (1 + page.miscount))),
  );
  counter(
    "request_success",
    "Count of successfully processed requests.",
    by("finished_reason", finished),
  );
  text.counter(
    "vllm:admission_rejections",
    "Number of admission attempts rejected by a queue limit, by reason.",
    ["max_num_queued_reqs", "max_num_queued_tokens"].map((reason) => [
      { model_name: page.model, reason },
      0,
    ]),
  );
  for (const [name, help] of Object.entries(HISTOGRAMS))
    text.histogram(`vllm:${name}`, help, [[own, histogramOf[name as keyof typeof HISTOGRAMS]]]);
  gauge("cache_config_info", "Information of the LLMEngine CacheConfig", [[cacheConfig(page), 1]]);
  page.http.write(text);
  return text.text();
}

function cacheConfig(page: MetricsPage): Labels {
  return {
    block_size: String(page.blockTokens),
    cache_dtype: "auto",
    enable_prefix_caching: "True",
    engine: "0",
    gpu_memory_utilization: String(page.gpuMemoryUtilization),
    kv_cache_max_concurrency: String(page.cacheTokens / page.maxModelLen),
    kv_cache_size_tokens: String(page.cacheTokens),
    num_cpu_blocks: "None",
    num_gpu_blocks: String(Math.floor(page.cacheTokens / page.blockTokens)),
    num_gpu_blocks_override: "None",
    prefix_caching_hash_algo: "sha256",
    sliding_window: "None",
  };
}

/** The Python process's own figures; nobody reads them, but a scraper finds them on every vLLM. */
function processMetrics(text: ReturnType<typeof createPrometheusText>, startedAt: number): void {
  const generations = (values: readonly number[]): Sample[] =>
    values.map((value, generation) => [{ generation: String(generation) }, value]);
  const gc: readonly (readonly [string, string, readonly number[]])[] = [
    ["objects_collected", "Objects collected during gc", [14_039, 3646, 1003]],
    ["objects_uncollectable", "Uncollectable objects found during GC", [0, 0, 0]],
    ["collections", "Number of times this generation was collected", [1851, 168, 11]],
  ];
  for (const [name, help, values] of gc)
    text.plainCounter(`python_gc_${name}_total`, help, generations(values));
  text.gauge("python_info", "Python platform information", [
    [{ implementation: "CPython", major: "3", minor: "12", patchlevel: "3", version: "3.12.3" }, 1],
  ]);
  const memory = process.memoryUsage.rss();
  text.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", [[{}, 4 * memory]]);
  text.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", [[{}, memory]]);
  text.gauge(
    "process_start_time_seconds",
    "Start time of the process since unix epoch in seconds.",
    [[{}, startedAt]],
  );
  text.plainCounter(
    "process_cpu_seconds_total",
    "Total user and system CPU time spent in seconds.",
    [[{}, process.cpuUsage().user / 1e6]],
  );
  text.gauge("process_open_fds", "Number of open file descriptors.", [[{}, 34]]);
  text.gauge("process_max_fds", "Maximum number of open file descriptors.", [[{}, 65_536]]);
}
