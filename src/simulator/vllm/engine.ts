import { createEngineMetrics, type EngineMetrics } from "./engine-metrics.ts";
import {
  cacheNeed,
  finished,
  newRequest,
  nextOutput,
  takeOutputs,
  type EngineRequest,
  type Job,
  type RequestState,
} from "./engine-request.ts";
import { createPrefixCache } from "./prefix-cache.ts";
import type { SpeedProfile } from "./speed-model.ts";
import type { Timeline } from "./timeline.ts";

export interface EngineOptions {
  readonly timeline: Timeline;
  readonly profile: SpeedProfile;
  readonly maxNumSeqs: number;
  /** Size of the key-value cache in tokens. */
  readonly cacheTokens: number;
  readonly blockTokens: number;
  /** Tokens per output; the first token is always an output of its own. */
  readonly streamInterval: number;
  /** Draws a factor of about 1 for all durations of one request. */
  readonly noise: () => number;
}

export interface Engine {
  submit(job: Job): EngineRequest;
  readonly metrics: EngineMetrics;
  readonly waiting: number;
  /** Oldest first. */
  readonly running: readonly EngineRequest[];
  /** Share of the cache that is in use, 0 to 1. */
  readonly cacheUsage: number;
  /** Ends every request. */
  end(reason: "abort" | "error"): void;
}

/**
 * Continuous batching with absolute deadlines. Whenever the batch changes, the pace of every request changes at that
 * time. If a timer fires late, everything due by then is written, and no deadline moves.
 */
export function createEngine(options: EngineOptions): Engine {
  const { timeline, profile, streamInterval } = options;
  const metrics = createEngineMetrics();
  const { requests, admit, remove } = createBatch(options, (atMs) => {
    const context = requests.running.reduce(
      (sum, { job, totalTokens }) => sum + job.tokens.length + totalTokens / 2,
      0,
    );
    const stepMs = profile.stepMs(Math.max(1, requests.running.length), context);
    for (const state of requests.running) {
      state.pace.setStep(atMs, stepMs * state.noise);
      plan(state);
    }
  });
  const plan = (state: RequestState): void => {
    state.cancel();
    state.cancel = timeline.at(state.pace.dueMs(nextOutput(state, streamInterval)), () => {
      produce(state);
    });
  };
  const produce = (state: RequestState): void => {
    const before = state.produced;
    const outputs = takeOutputs(state, timeline.now(), streamInterval);
    const { checkpoint, tokens, arrivedMs } = state.job;
    if (outputs.length > 0) {
      state.job.onOutputs(outputs);
      state.lastMs = timeline.now();
      metrics.generated(state.produced - before);
      if (before === 0) {
        state.firstMs = state.lastMs;
        requests.cache.keep(tokens, state.job.salt);
        metrics.prefilled(tokens.length, state.cachedTokens, (state.firstMs - arrivedMs) / 1000);
      }
      if (state.produced === checkpoint?.afterTokens) checkpoint.onReached(state);
    }
    if (!requests.running.includes(state) || state.pace.isStopped) return;
    if (state.produced < state.totalTokens) {
      plan(state);
      return;
    }
    metrics.finish(finished(state));
    remove(state, state.pace.dueMs(state.totalTokens));
    state.job.onEnd(state.endsBy);
  };
  return {
    metrics,
    get waiting() {
      return requests.waiting.length;
    },
    get running() {
      return [...requests.running];
    },
    get cacheUsage() {
      return Math.min(1, requests.reserved / options.cacheTokens);
    },
    submit: (job) => {
      const state = newRequest(job, (leaving) => {
        remove(leaving, timeline.now());
      });
      requests.waiting.push(state);
      admit(job.arrivedMs);
      return state;
    },
    end: (reason) => {
      const all = [...requests.waiting, ...requests.running];
      requests.waiting.length = 0;
      requests.running.length = 0;
      requests.reserved = 0;
      for (const state of all) {
        state.cancel();
        state.job.onEnd(reason);
      }
    },
  };
}

/** The running and the waiting requests, limited by the cache and the number of sequences. */
function createBatch(options: EngineOptions, onChange: (atMs: number) => void) {
  const { profile, blockTokens, cacheTokens, maxNumSeqs } = options;
  const requests = {
    waiting: [] as RequestState[],
    running: [] as RequestState[],
    /** Tokens of the cache that are reserved for running requests. */
    reserved: 0,
    cache: createPrefixCache(blockTokens, Math.floor(cacheTokens / blockTokens)),
  };
  let prefillFreeMs = -Infinity;
  const start = (state: RequestState, atMs: number): void => {
    const { tokens, salt } = state.job;
    requests.running.push(state);
    requests.reserved += cacheNeed(state);
    state.scheduledMs = atMs;
    state.cachedTokens = requests.cache.match(tokens, salt);
    state.noise = options.noise();
    const from = profile.prefillsQueue ? Math.max(atMs, prefillFreeMs) : atMs;
    prefillFreeMs = from + profile.prefillMs(tokens.length - state.cachedTokens) * state.noise;
    state.pace.begin(prefillFreeMs);
  };
  const admit = (atMs: number): void => {
    for (let state = requests.waiting[0]; state !== undefined; state = requests.waiting[0]) {
      const { running, reserved } = requests;
      const fits = reserved + cacheNeed(state) <= cacheTokens || running.length === 0;
      if (running.length >= maxNumSeqs || !fits) break;
      requests.waiting.shift();
      start(state, atMs);
    }
    onChange(atMs);
  };
  return {
    requests,
    /** Starts the waiting requests that fit. */
    admit,
    /** Removes a running or waiting request. */
    remove: (state: RequestState, atMs: number): void => {
      state.cancel();
      const waiting = requests.waiting.indexOf(state);
      if (waiting >= 0) requests.waiting.splice(waiting, 1);
      const running = requests.running.indexOf(state);
      if (running < 0) return;
      requests.running.splice(running, 1);
      requests.reserved -= cacheNeed(state);
      admit(atMs);
    },
  };
}
