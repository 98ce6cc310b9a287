import { parsePrometheus, sumOf } from "./prometheus.ts";
import type { Sample } from "./prometheus.ts";

/** Sum and number of a histogram's observations. */
export interface Observed {
  readonly sum: number;
  readonly count: number;
}

/** vLLM's own counters, summed over its engines, in seconds and tokens. */
export interface ServerCounters {
  readonly running: number;
  readonly waiting: number;
  readonly promptTokens: number;
  readonly generationTokens: number;
  readonly preemptions: number;
  /** Tokens found in the prefix cache. */
  readonly cacheHits: number;
  /** Finished requests by reason: `stop`, `length`, `abort`, `error`, `repetition`. */
  readonly finished: Readonly<Record<string, number>>;
  readonly ttft: Observed;
  readonly decode: Observed;
  /** When the process started, in epoch seconds; undefined if the page does not say. */
  readonly startedAt: number | undefined;
}

/**
 * Reads vLLM's metrics (`vllm/v1/metrics/loggers.py`), falling back to older names.
 * @returns undefined if the page is not vLLM's, or lacks a counter that the cross-check needs
 */
export function serverCounters(text: string): ServerCounters | undefined {
  const samples = parsePrometheus(text).filter(
    ({ name }) => name.startsWith("vllm:") || name === "process_start_time_seconds",
  );
  const running = sumOf(samples, "vllm:num_requests_running");
  const waiting = sumOf(samples, "vllm:num_requests_waiting");
  const promptTokens = sumOf(samples, "vllm:prompt_tokens_total");
  const generationTokens = sumOf(samples, "vllm:generation_tokens_total");
  const ttft = observed(samples, "vllm:time_to_first_token_seconds");
  const decode = observed(samples, "vllm:request_decode_time_seconds");
  if (
    running === undefined ||
    waiting === undefined ||
    promptTokens === undefined ||
    generationTokens === undefined ||
    ttft === undefined ||
    decode === undefined
  )
    return undefined;
  return {
    running,
    waiting,
    promptTokens,
    generationTokens,
    ttft,
    decode,
    preemptions: sumOf(samples, "vllm:num_preemptions_total") ?? 0,
    cacheHits:
      sumOf(samples, "vllm:prefix_cache_hits_total") ??
      sumOf(samples, "vllm:gpu_prefix_cache_hits_total") ??
      0,
    finished: finishedByReason(samples),
    startedAt:
      sumOf(samples, "process_start_time_seconds") ??
      sumOf(samples, "vllm:generation_tokens_created"),
  };
}

/** The differences between two readings. */
export interface CounterDelta extends Omit<ServerCounters, "running" | "waiting" | "startedAt"> {
  /** Whether a counter decreased or the start time changed: the server restarted in between. */
  readonly restarted: boolean;
}

export function counterDelta(before: ServerCounters, after: ServerCounters): CounterDelta {
  const observation = (key: "ttft" | "decode"): Observed => ({
    sum: after[key].sum - before[key].sum,
    count: after[key].count - before[key].count,
  });
  const delta = {
    promptTokens: after.promptTokens - before.promptTokens,
    generationTokens: after.generationTokens - before.generationTokens,
    preemptions: after.preemptions - before.preemptions,
    cacheHits: after.cacheHits - before.cacheHits,
    finished: Object.fromEntries(
      Object.entries(after.finished).map(([reason, count]) => [
        reason,
        count - (before.finished[reason] ?? 0),
      ]),
    ),
    ttft: observation("ttft"),
    decode: observation("decode"),
  };
  const counts = [
    delta.promptTokens,
    delta.generationTokens,
    delta.preemptions,
    delta.cacheHits,
    delta.ttft.count,
    delta.decode.count,
    ...Object.values(delta.finished),
  ];
  const restarted = after.startedAt !== before.startedAt || counts.some((count) => count < 0);
  return { ...delta, restarted };
}

/** Whether no request runs or waits, and nothing was counted between the two readings. */
export function isIdle(earlier: ServerCounters, later: ServerCounters): boolean {
  return (
    later.running === 0 && later.waiting === 0 && JSON.stringify(earlier) === JSON.stringify(later)
  );
}

function observed(samples: readonly Sample[], name: string): Observed | undefined {
  const sum = sumOf(samples, `${name}_sum`);
  const count = sumOf(samples, `${name}_count`);
  return sum === undefined || count === undefined ? undefined : { sum, count };
}

function finishedByReason(samples: readonly Sample[]): Record<string, number> {
  const finished: Record<string, number> = {};
  for (const { name, labels, value } of samples) {
    const reason = labels["finished_reason"];
    if (name === "vllm:request_success_total" && reason !== undefined)
      finished[reason] = (finished[reason] ?? 0) + value;
  }
  return finished;
}
