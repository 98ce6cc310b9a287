import { createHash } from "node:crypto";
import { parsePrometheus } from "./prometheus.ts";
import type { Sample } from "./prometheus.ts";

/** The settings in a server's `/metrics`. */
export interface CacheFacts {
  readonly gpu_memory_utilization?: number;
  readonly kv_cache_dtype?: string;
  readonly enable_prefix_caching?: boolean;
}

/** Labels that are not settings: names, and sizes that vary slightly from start to start. */
const NOT_SETTINGS: ReadonlySet<string> = new Set([
  "num_gpu_blocks",
  "num_cpu_blocks",
  "kv_cache_size_tokens",
  "kv_cache_max_concurrency",
  "kv_cache_memory_bytes",
  "engine",
  "model_name",
]);

/** Reads the labels of the gauge `vllm:cache_config_info`. */
export function cacheFacts(metrics: string): CacheFacts {
  const labels = parsePrometheus(metrics).find(
    ({ name }) => name === "vllm:cache_config_info",
  )?.labels;
  const utilisation = Number(labels?.["gpu_memory_utilization"]);
  const dtype = labels?.["cache_dtype"];
  const prefixes = labels?.["enable_prefix_caching"];
  return {
    ...(Number.isFinite(utilisation) ? { gpu_memory_utilization: utilisation } : {}),
    ...(dtype === undefined ? {} : { kv_cache_dtype: dtype }),
    ...(prefixes === undefined ? {} : { enable_prefix_caching: prefixes === "True" }),
  };
}

/**
 * Identifies a server's settings by its API alone: the `system_fingerprint`, which is a hash of vLLM's configuration
 * since 2026-04, the number of engines (data parallel), and a digest of the labels of all `vllm:..._info` gauges. For
 * example `vllm-0.32.0-3bef6e5d, 1 engine, 5d41402a`.
 */
export function serverConfig(metrics: string, fingerprint: string | undefined): string {
  const samples = parsePrometheus(metrics);
  const engines = new Set(samples.flatMap(({ labels }) => labels["engine"] ?? [])).size;
  const infos = samples.filter(({ name }) => /^vllm:.*_info$/.test(name)).map(settingsText);
  const digest = createHash("sha256").update([...new Set(infos)].toSorted().join("\n"));
  return [
    fingerprint ?? "no fingerprint",
    `${String(engines)} engine${engines === 1 ? "" : "s"}`,
    infos.length === 0 ? "no labels" : digest.digest("hex").slice(0, 8),
  ].join(", ");
}

function settingsText({ name, labels }: Sample): string {
  const settings = Object.entries(labels).filter(([label]) => !NOT_SETTINGS.has(label));
  return JSON.stringify([name, settings.toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}
