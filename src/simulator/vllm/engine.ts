import { createEngineMetrics, type EngineMetrics, type FinishReason } from "./engine-metrics.ts";
import { createPrefixCache } from "./prefix-cache.ts";
import type { SpeedProfile } from "./speed-model.ts";
import type { Cancel, Timeline } from "./timeline.ts";

export interface EngineOptions {
  readonly timeline: Timeline;
  readonly profile: SpeedProfile;
  readonly maxNumSeqs: number;
  /** Tokens that the key-value cache holds. */
  readonly cacheTokens: number;
  readonly blockTokens: number;
  /** Tokens in one output; the first always comes alone. */
  readonly streamInterval: number;
  /** A factor of about 1 on everything that one request takes. */
  readonly noise: () => number;
}

/** A place in a reply at which something may happen to the server. */
export interface Checkpoint {
  /** An output ends there. */
  readonly afterTokens: number;
  onReached(request: EngineRequest): void;
}

interface Job {
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

export interface Engine {
  submit(job: Job): EngineRequest;
  readonly metrics: EngineMetrics;
  readonly waiting: number;
  /** Oldest first. */
  readonly running: readonly EngineRequest[];
  /** Share of the cache that is taken, 0 to 1. */
  readonly cacheUsage: number;
  /** Ends every request. */
  end(reason: "abort" | "error"): void;
}

interface State extends EngineRequest {
  produced: number;
  cachedTokens: number;
  firstMs: number;
  lastMs: number;
  scheduledMs: number;
  /** Tokens at `anchorMs`, with a fraction; from there one more every `stepMs`. */
  anchorTokens: number;
  anchorMs: number;
  stepMs: number;
  noise: number;
  cancel: Cancel;
}

/** Rounding in the last digits must not hold a token back until the next turn. */
const EPSILON = 1e-6;

/**
 * Continuous batching on absolute deadlines. While the batch does not change, token k of a request is due at
 * `anchor + k * step`; when it changes, every request gets a new anchor at that very moment. A late turn writes all
 * that is due by then and moves no deadline.
 */
export function createEngine(options: EngineOptions): Engine {
  const { timeline, profile } = options;
  const metrics = createEngineMetrics();
  const cache = createPrefixCache(
    options.blockTokens,
    Math.floor(options.cacheTokens / options.blockTokens),
  );
  const waiting: State[] = [];
  const running = new Set<State>();
  let reserved = 0;
  let prefillFreeMs = -Infinity;

  const need = (state: State): number => state.job.tokens.length + state.job.maxTokens;

  const reanchor = (atMs: number): void => {
    let context = 0;
    for (const state of running) context += state.job.tokens.length + state.totalTokens / 2;
    const step = profile.stepMs(Math.max(1, running.size), context);
    for (const state of running) {
      if (atMs > state.anchorMs) {
        state.anchorTokens += (atMs - state.anchorMs) / state.stepMs;
        state.anchorMs = atMs;
      }
      state.stepMs = step * state.noise;
      plan(state);
    }
  };
  const dueMs = (state: State, tokens: number): number =>
    state.anchorMs + (tokens - state.anchorTokens) * state.stepMs;
  const nextOutput = (state: State): number => {
    const { produced, job } = state;
    const checkpoint = job.checkpoint?.afterTokens ?? 0;
    return Math.min(
      state.totalTokens,
      produced < checkpoint ? checkpoint : Infinity,
      produced === 0 ? 1 : produced + options.streamInterval,
    );
  };
  const plan = (state: State): void => {
    state.cancel();
    state.cancel = timeline.at(dueMs(state, nextOutput(state)), () => {
      produce(state);
    });
  };

  /** The batch may have changed at that moment. */
  const admit = (atMs: number): void => {
    for (let state = waiting[0]; state !== undefined; state = waiting[0]) {
      const room = reserved + need(state) <= options.cacheTokens || running.size === 0;
      if (running.size >= options.maxNumSeqs || !room) break;
      waiting.shift();
      start(state, atMs);
    }
    reanchor(atMs);
  };
  const start = (state: State, atMs: number): void => {
    running.add(state);
    reserved += need(state);
    state.scheduledMs = atMs;
    state.cachedTokens = cache.match(state.job.tokens, state.job.salt);
    state.noise = options.noise();
    const from = profile.prefillsQueue ? Math.max(atMs, prefillFreeMs) : atMs;
    state.anchorMs =
      from + profile.prefillMs(state.job.tokens.length - state.cachedTokens) * state.noise;
    state.anchorTokens = 1;
    prefillFreeMs = state.anchorMs;
  };

  const produce = (state: State): void => {
    const now = timeline.now();
    const reached = Math.floor(
      state.anchorTokens + (now - state.anchorMs) / state.stepMs + EPSILON,
    );
    const outputs: number[] = [];
    const before = state.produced;
    const { checkpoint } = state.job;
    for (let next = nextOutput(state); next <= reached && next > state.produced;) {
      outputs.push(next);
      state.produced = next;
      if (next === checkpoint?.afterTokens) break;
      next = nextOutput(state);
    }
    if (outputs.length > 0) {
      state.job.onOutputs(outputs);
      state.lastMs = timeline.now();
      metrics.generated(state.produced - before);
      if (before === 0) firstToken(state);
      if (state.produced === checkpoint?.afterTokens) checkpoint.onReached(state);
    }
    if (!running.has(state) || state.anchorMs === Infinity) return;
    if (state.produced >= state.totalTokens) finish(state);
    else plan(state);
  };
  const firstToken = (state: State): void => {
    state.firstMs = state.lastMs;
    const { tokens, salt, arrivedMs } = state.job;
    cache.keep(tokens, salt);
    metrics.prefilled(tokens.length, state.cachedTokens, (state.firstMs - arrivedMs) / 1000);
  };
  const finish = (state: State): void => {
    const { job, endsBy: reason } = state;
    metrics.finish({
      promptTokens: job.tokens.length,
      cachedTokens: state.cachedTokens,
      completionTokens: state.produced,
      maxTokens: job.maxTokens,
      arrived: job.arrivedMs / 1000,
      scheduled: state.scheduledMs / 1000,
      first: state.firstMs / 1000,
      last: state.lastMs / 1000,
      reason,
    });
    leave(state, dueMs(state, state.totalTokens));
    job.onEnd(reason);
  };
  const leave = (state: State, atMs: number): void => {
    state.cancel();
    const index = waiting.indexOf(state);
    if (index >= 0) waiting.splice(index, 1);
    if (!running.delete(state)) return;
    reserved -= need(state);
    admit(atMs);
  };

  return {
    metrics,
    get waiting() {
      return waiting.length;
    },
    get running() {
      return [...running];
    },
    get cacheUsage() {
      return Math.min(1, reserved / options.cacheTokens);
    },
    submit: (job) => {
      const state: State = {
        job,
        totalTokens: Math.min(job.maxTokens, job.naturalTokens),
        endsBy: job.naturalTokens < job.maxTokens ? "stop" : "length",
        produced: 0,
        cachedTokens: 0,
        firstMs: 0,
        lastMs: 0,
        scheduledMs: job.arrivedMs,
        anchorTokens: 0,
        anchorMs: job.arrivedMs,
        stepMs: 1,
        noise: 1,
        cancel: () => undefined,
        stall: () => {
          state.anchorMs = Infinity;
          state.cancel();
        },
        abort: () => {
          leave(state, timeline.now());
        },
      };
      waiting.push(state);
      admit(job.arrivedMs);
      return state;
    },
    end: (reason) => {
      const all = [...waiting, ...running];
      waiting.length = 0;
      running.clear();
      reserved = 0;
      for (const state of all) {
        state.cancel();
        state.job.onEnd(reason);
      }
    },
  };
}
