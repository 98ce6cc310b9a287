import type { LoadResult, LoadResult01 } from "./load-result.ts";
import type { Category } from "./suite.ts";

/**
 * A record of the database shared with `maider`, version "1.0". Maider drops records whose top-level keys are not
 * exactly these 13, so all other fields are in the nested objects.
 */
export interface BenchmarkRecord {
  id: string;
  /** Local time without a zone, as maider writes it. For UTC, use `summary.finished_utc`. */
  timestamp: string;
  gpu_type: string;
  gpu_count: number;
  /** GB. */
  vram_per_gpu: number;
  /** GB. */
  total_vram: number;
  /** US dollars per hour; 0 = unknown. */
  hourly_cost: number;
  model_id: string;
  model_category: string;
  vllm_config: VllmConfig;
  results_by_category: Partial<Record<Category | "custom", CategoryResult>>;
  summary: Summary;
  tests: TestRecord[];
}

export const RECORD_KEYS = [
  "id",
  "timestamp",
  "gpu_type",
  "gpu_count",
  "vram_per_gpu",
  "total_vram",
  "hourly_cost",
  "model_id",
  "model_category",
  "vllm_config",
  "results_by_category",
  "summary",
  "tests",
] as const satisfies readonly (keyof BenchmarkRecord)[];

export interface VllmConfig {
  /** Left out if the server was not started by us and does not report it. */
  tensor_parallel_size?: number;
  max_model_len: number;
  /** The window that the plan requested, if vLLM reported that only a shorter one fits. */
  max_model_len_asked?: number;
  /** Left out like `tensor_parallel_size`. */
  gpu_memory_utilization?: number;
  pipeline_parallel_size?: number;
  vllm_version?: string;
  image?: string;
  image_digest?: string;
  dtype?: string;
  quantization?: string;
  /** Commit of the model repository. */
  revision?: string;
  attention_backend?: string;
  stream_interval?: number;
  /** Fingerprint of the settings of a server that is known only by its API: see `serverConfig`. */
  server_config?: string;
  [key: string]: unknown;
}

export interface CategoryResult {
  /** Mean over the tests of completion tokens divided by the seconds of the whole request. */
  avg_tokens_per_sec: number;
  /** Seconds. */
  total_time: number;
  total_tokens: number;
  /** US dollars. */
  cost_per_1k_tokens: number;
  tests_passed: number;
  tests_total?: number;
  /** Σ(N-1)/Σ(tL-t1), tokens per second. */
  decode_tps?: number;
  /** Medians over the tests, seconds. */
  ttft_s?: number;
  tpot_s?: number;
  [key: string]: unknown;
}

export interface Summary extends CategoryResult {
  tests_total: number;
  /** True if measured on the simulated cloud. */
  simulated?: boolean;
  suite?: string;
  /** Version of the method of measurement. */
  method?: string;
  verdict?: Verdict;
  /** Run id and VM label. */
  run?: string;
  vm?: string;
  finished_utc?: string;
  /** Load levels above 1, in any version's format: read them with `loadResults`. */
  load?: (LoadResult | LoadResult01)[];
  passes_asked?: number;
  price_usd_per_hour?: number;
  /** The comparability key. */
  key?: string;
  region?: string;
  /** Where an imported record comes from; left out of one's own. */
  origin?: string;
}

/** Whether the figures of a pass can be trusted, judged by the server's own counters and by stalls on our side. */
export interface Verdict {
  state: "sound" | "failed" | "void";
  /** Empty when sound. */
  reasons: string[];
  /** Why throttling of a GPU may have gone unnoticed. */
  gpu_watch?: string;
  [key: string]: unknown;
}

export interface TestRecord {
  test_name: string;
  category: string;
  /** A short prompt itself, or the name and SHA-256 of a long one. */
  prompt: string;
  success: boolean;
  expected_tokens?: number;
  elapsed_time?: number;
  prompt_tokens?: number;
  completion_tokens?: number;
  total_tokens?: number;
  tokens_per_sec?: number;
  /** The first 200 characters. */
  completion?: string;
  ttft_s?: number;
  tpot_s?: number;
  [key: string]: unknown;
}
