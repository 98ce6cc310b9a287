import type { FinishedRequest, FinishReason } from "./engine-metrics.ts";
import type { Cancel } from "./timeline.ts";
import { createTokenPace, type TokenPace } from "./token-pace.ts";

/** A place in a reply at which something may happen to the server. */
export interface Checkpoint {
  /** An output ends there. */
  readonly afterTokens: number;
  onReached(request: EngineRequest): void;
}

/** What an engine is asked to produce. */
export interface Job {
  readonly tokens: readonly number[];
  readonly salt: string | undefined;
  readonly maxTokens: number;
  /** Where the model itself would stop, if that comes before `maxTokens`. */
  readonly naturalTokens: number;
  readonly checkpoint: Checkpoint | undefined;
  /** Monotonic stamp of its arrival. */
  readonly arrivedMs: number;
  /** Numbers of tokens that exist by now, one an output, in order. */
  onOutputs(counts: readonly number[]): void;
  onEnd(reason: FinishReason): void;
}

/** A request inside the engine; milliseconds, monotonic. */
export interface EngineRequest {
  readonly job: Job;
  /** Tokens that it is going to produce, and what ends it there. */
  readonly totalTokens: number;
  readonly endsBy: "stop" | "length";
  readonly produced: number;
  readonly cachedTokens: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Produces nothing more, without an end or an error. */
  stall(): void;
  /** The client went away: tokens already made stay counted, and no reason is. */
  abort(): void;
}

/** The engine's own view of a request. */
export interface RequestState extends EngineRequest {
  produced: number;
  cachedTokens: number;
  firstMs: number;
  lastMs: number;
  scheduledMs: number;
  /** A factor of about 1 on everything that it takes. */
  noise: number;
  readonly pace: TokenPace;
  /** Cancels its next output. */
  cancel: Cancel;
}

export function newRequest(job: Job, leave: (state: RequestState) => void): RequestState {
  const state: RequestState = {
    job,
    totalTokens: Math.min(job.maxTokens, job.naturalTokens),
    endsBy: job.naturalTokens < job.maxTokens ? "stop" : "length",
    produced: 0,
    cachedTokens: 0,
    firstMs: 0,
    lastMs: 0,
    scheduledMs: job.arrivedMs,
    noise: 1,
    pace: createTokenPace(job.arrivedMs),
    cancel: () => undefined,
    stall: () => {
      state.pace.stop();
      state.cancel();
    },
    abort: () => {
      leave(state);
    },
  };
  return state;
}

/** Tokens in the cache that it may need at most. */
export function cacheNeed({ job }: RequestState): number {
  return job.tokens.length + job.maxTokens;
}

/** How many tokens there are after the next output: the first comes alone, a checkpoint cuts one short. */
export function nextOutput(state: RequestState, streamInterval: number): number {
  const { produced, job, totalTokens } = state;
  const checkpoint = job.checkpoint?.afterTokens ?? 0;
  return Math.min(
    totalTokens,
    produced < checkpoint ? checkpoint : Infinity,
    produced === 0 ? 1 : produced + streamInterval,
  );
}

/** Takes all outputs that are due, up to the checkpoint, and returns their counts. */
export function takeOutputs(state: RequestState, nowMs: number, streamInterval: number): number[] {
  const reached = state.pace.reachedBy(nowMs);
  const outputs: number[] = [];
  for (;;) {
    const next = nextOutput(state, streamInterval);
    if (next > reached || next <= state.produced) return outputs;
    outputs.push(next);
    state.produced = next;
    if (next === state.job.checkpoint?.afterTokens) return outputs;
  }
}

export function finished(state: RequestState): FinishedRequest {
  const { job } = state;
  return {
    promptTokens: job.tokens.length,
    cachedTokens: state.cachedTokens,
    completionTokens: state.produced,
    maxTokens: job.maxTokens,
    arrived: job.arrivedMs / 1000,
    scheduled: state.scheduledMs / 1000,
    first: state.firstMs / 1000,
    last: state.lastMs / 1000,
    reason: state.endsBy,
  };
}
