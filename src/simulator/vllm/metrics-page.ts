import { readFileSync } from "node:fs";
import type { Engine } from "./engine.ts";
import type { Observation } from "./engine-metrics.ts";

export interface MetricsPage {
  readonly engine: Engine;
  readonly model: string;
  /** Seconds since the epoch. */
  readonly startedAt: number;
  readonly gpuMemoryUtilization: number;
  readonly cacheTokens: number;
  readonly blockTokens: number;
  readonly maxModelLen: number;
}

/** A real server's page with all counters at 0, without the metrics of its web framework and of Python. */
const FILE = new URL("../../../templates/simulator/vllm-metrics.txt", import.meta.url);
/** Matches a name, its labels, and a value. */
const SAMPLE = /^([\w:]+)(\{.*\})? \S+$/gm;
const HISTOGRAM = /^(.*)_(bucket|sum|count)$/;

let template: string | undefined;

/** The reply of `/metrics`: vLLM's own page with this engine's values. */
export function metricsPage(page: MetricsPage): string {
  template ??= readFileSync(FILE, "utf8");
  const figures = figuresOf(page);
  const labels = labelsOf(page);
  const text = template.replace(SAMPLE, (line, name: string, set = "") => {
    const value = figures(name.replace("vllm:", ""), set as string);
    return value === undefined ? line : `${name}${set as string} ${pythonFloat(value)}`;
  });
  return text.replace(/\{\{(\w+)\}\}/g, (hole, name: string) => labels[name] ?? hole);
}

function labelsOf(page: MetricsPage): Readonly<Record<string, string>> {
  return {
    model: page.model.replace(/["\\]/g, String.raw`\$&`),
    block_size: String(page.blockTokens),
    gpu_blocks: String(Math.floor(page.cacheTokens / page.blockTokens)),
    cache_tokens: String(page.cacheTokens),
    max_concurrency: String(page.cacheTokens / page.maxModelLen),
    gpu_memory_utilization: String(page.gpuMemoryUtilization),
  };
}

/** Returns a function from a sample's name and labels to its value, or undefined to keep the template's value. */
function figuresOf({ engine, startedAt }: MetricsPage) {
  const { counts, finished, observations } = engine.metrics;
  const byLabel = (set: string, key: string, values: Readonly<Record<string, number>>) =>
    values[new RegExp(`${key}="(\\w+)"`).exec(set)?.[1] ?? ""];
  const plain: Readonly<Record<string, number>> = {
    process_start_time_seconds: startedAt,
    num_requests_running: engine.running.length,
    num_requests_waiting: engine.waiting,
    kv_cache_usage_perc: engine.cacheUsage,
    prefix_cache_queries_total: counts.prompt,
    prefix_cache_hits_total: counts.cached,
    prompt_tokens_total: counts.prompt,
    prompt_tokens_cached_total: counts.cached,
    generation_tokens_total: counts.generation,
    num_preemptions_total: sumOf(observations.get("request_num_preemptions") ?? []),
  };
  const labelled: Readonly<Record<string, (set: string) => number | undefined>> = {
    num_requests_waiting_by_reason: (set) => byLabel(set, "reason", { capacity: engine.waiting }),
    prompt_tokens_by_source_total: (set) =>
      byLabel(set, "source", {
        local_compute: counts.prompt - counts.cached,
        local_cache_hit: counts.cached,
      }),
    prompt_tokens_cached_by_source_total: (set) =>
      byLabel(set, "source", { device: counts.cached }),
    request_success_total: (set) => byLabel(set, "finished_reason", finished),
  };
  return (name: string, set: string): number | undefined => {
    if (name.endsWith("_created")) return startedAt;
    const [, histogram = "", part = ""] = HISTOGRAM.exec(name) ?? [];
    const observed = observations.get(histogram);
    if (observed !== undefined) return observedPart(observed, part, set);
    return plain[name] ?? labelled[name]?.(set);
  };
}

function observedPart(observed: readonly Observation[], part: string, set: string): number {
  if (part === "sum") return sumOf(observed);
  const bound = /le="([^"]+)"/.exec(set)?.[1]?.replace("+Inf", "Infinity");
  return observed.reduce(
    (sum, [value, times]) => sum + (value <= Number(bound ?? Infinity) ? times : 0),
    0,
  );
}

function sumOf(observed: readonly Observation[]): number {
  return observed.reduce((sum, [value, times]) => sum + value * times, 0);
}

/** Formats a number like Python: `1.0`, `0.5`, and with an exponent from a million on, `1.795487565587375e+09`. */
function pythonFloat(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return value.toFixed(1);
  if (Math.abs(value) < 1e6) return String(value);
  const [mantissa = "0", exponent = "0"] = value.toExponential().split("e+");
  return `${mantissa}e+${exponent.padStart(2, "0")}`;
}
