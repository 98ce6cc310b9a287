import type { FinishedRequest, FinishReason } from "./engine-metrics.ts";
import type { Cancel } from "./timeline.ts";
import { createTokenPace, type TokenPace } from "./token-pace.ts";

/** A position in a reply at which a fault may occur. */
export interface Checkpoint {
  /** An output ends after this number of tokens. */
  readonly afterTokens: number;
  onReached(request: EngineRequest): void;
}

/** A request to the engine. */
export interface Job {
  readonly tokens: readonly number[];
  readonly salt: string | undefined;
  readonly maxTokens: number;
  /** Number of tokens after which the model itself would stop, if below `maxTokens`. */
  readonly naturalTokens: number;
  readonly checkpoint: Checkpoint | undefined;
  /** Monotonic milliseconds. */
  readonly arrivedMs: number;
  /** Called with the total number of tokens after each output, in order. */
  onOutputs(counts: readonly number[]): void;
  onEnd(reason: FinishReason): void;
}

/** A request in the engine; times in monotonic milliseconds. */
export interface EngineRequest {
  readonly job: Job;
  /** Number of tokens that it will produce, and the reason why it ends there. */
  readonly totalTokens: number;
  readonly endsBy: "stop" | "length";
  readonly produced: number;
  readonly cachedTokens: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Stops producing tokens, without an end or an error. */
  stall(): void;
  /** The client disconnected: the tokens are counted, but no finish reason. */
  abort(): void;
}

/** A request with the engine's internal state. */
export interface RequestState extends EngineRequest {
  produced: number;
  cachedTokens: number;
  firstMs: number;
  lastMs: number;
  scheduledMs: number;
  /** A factor of about 1 for all durations of this request. */
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

/** The maximum number of tokens that it needs in the cache. */
export function cacheNeed({ job }: RequestState): number {
  return job.tokens.length + job.maxTokens;
}

/** The total number of tokens after the next output. The first token is an output of its own; a checkpoint ends an output. */
export function nextOutput(state: RequestState, streamInterval: number): number {
  const { produced, job, totalTokens } = state;
  const checkpoint = job.checkpoint?.afterTokens ?? 0;
  return Math.min(
    totalTokens,
    produced < checkpoint ? checkpoint : Infinity,
    produced === 0 ? 1 : produced + streamInterval,
  );
}

/** Takes all outputs that are due, up to the checkpoint. @returns the total number of tokens after each */
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
