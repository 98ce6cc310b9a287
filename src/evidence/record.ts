import type { LoadResult, LoadResult01 } from "./load-result.ts";
import type { Category } from "./suite.ts";

/**
 * The record of the database that is shared with the Python tool, version "1.0". That reader drops any
 * record whose top-level keys are not exactly these 13, so everything of ours lives in the inner dictionaries.
 */
export interface BenchmarkRecord {
  id: string;
  /** Naive local time with microseconds, as the Python tool writes it; exact UTC is `summary.finished_utc`. */
  timestamp: string;
  gpu_type: string;
  gpu_count: number;
  /** GB. */
  vram_per_gpu: number;
  /** GB. */
  total_vram: number;
  /** US dollars an hour. */
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
  /** Left out where a server that is not ours does not tell; so is the memory's share. */
  tensor_parallel_size?: number;
  max_model_len: number;
  /** What the plan would have had, where vLLM said that only less fits. */
  max_model_len_asked?: number;
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
  /** What tells one start of a server from another where only its API is known: see `serverConfig`. */
  server_config?: string;
  [key: string]: unknown;
}

export interface CategoryResult {
  /** Mean over tests of completion tokens divided by the whole request time, as the guide defines it. */
  avg_tokens_per_sec: number;
  /** Seconds. */
  total_time: number;
  total_tokens: number;
  /** US dollars. */
  cost_per_1k_tokens: number;
  tests_passed: number;
  tests_total?: number;
  /** Σ(N-1)/Σ(tL-t1), tokens a second. */
  decode_tps?: number;
  /** Median over tests, seconds. */
  ttft_s?: number;
  tpot_s?: number;
  [key: string]: unknown;
}

export interface Summary extends CategoryResult {
  tests_total: number;
  /** True when the far side was the simulated cloud. */
  simulated?: boolean;
  suite?: string;
  /** Version of the way of measuring. */
  method?: string;
  verdict?: Verdict;
  /** Run id and VM label. */
  run?: string;
  vm?: string;
  finished_utc?: string;
  /** Further levels of load; `loadResults` reads what any version wrote. */
  load?: (LoadResult | LoadResult01)[];
  passes_asked?: number;
  price_usd_per_hour?: number;
  /** The comparability key. */
  key?: string;
  region?: string;
  /** Whose it is, when it was imported; absent in one's own. */
  origin?: string;
}

/** What the cross-check with the server's own counters, and the watch on ourselves, say of a pass. */
export interface Verdict {
  state: "sound" | "failed" | "void";
  /** Empty when sound. */
  reasons: string[];
  /** Why a throttled GPU may have gone unseen. */
  gpu_watch?: string;
  [key: string]: unknown;
}

export interface TestRecord {
  test_name: string;
  category: string;
  /** The prompt itself when short, else its name and SHA-256. */
  prompt: string;
  success: boolean;
  expected_tokens?: number;
  elapsed_time?: number;
  prompt_tokens?: number;
  completion_tokens?: number;
  total_tokens?: number;
  tokens_per_sec?: number;
  /** Cut at 200 characters. */
  completion?: string;
  ttft_s?: number;
  tpot_s?: number;
  [key: string]: unknown;
}
