import { createHash } from "node:crypto";
import type { ServeJson, ServerStatusJson } from "../../machine/agent-protocol.ts";
import { createRandom } from "../world/random.ts";
import type { Coefficients, ServedRequest, SimulatedVm } from "../world/simulated-vm.ts";
import type { ServedCompletion } from "./completion-stream.ts";
import { createEngine, type EngineRequest } from "./engine.ts";
import { createLogBook } from "./log-book.ts";
import { memoryPlan } from "./memory-plan.ts";
import { modelShape } from "./model-shape.ts";
import { speedProfile } from "./speed-model.ts";
import { startupFailure } from "./startup-failure.ts";
import type { Timeline } from "./timeline.ts";
import { createTokenizer } from "./tokenizer.ts";
import {
  bannerLines,
  configuredLines,
  engineDiedLines,
  readyLines,
  resolveConfig,
  shardsOf,
  throughputLine,
  weightsLines,
} from "./vllm-log.ts";
import { createVllmServer, type VllmServer } from "./vllm-server.ts";

export interface VllmProcessOptions {
  readonly request: ServeJson;
  readonly vm: SimulatedVm;
  readonly timeline: Timeline;
  readonly coefficients: Coefficients;
  readonly seed: number;
  readonly hasSecret: boolean;
  /** The checkpoint is on the disk already. */
  readonly cached: boolean;
  readonly forced: "out-of-memory" | "gated" | undefined;
  readonly onDownloaded: () => void;
  readonly onProgress: (request: EngineRequest, share: number) => void;
  readonly onServed: (served: ServedRequest) => void;
}

/** The container in which one vLLM runs, from its start to its end. */
export interface VllmProcess {
  readonly request: ServeJson;
  status(): ServerStatusJson;
  log(): Buffer;
  /** Undefined while nothing listens on its port. */
  server(): VllmServer | undefined;
  /** The engine dies in the middle of its work; the container soon after. */
  die(): void;
  /** SIGTERM. */
  stop(): void;
}

const BYTES_PER_GIB = 2 ** 30;
const BLOCK_TOKENS = 16;
/** vLLM's own for the GPUs at hand. */
const MAX_NUM_SEQS = 256;
const LOG_STATS_MS = 10_000;
/** From the engine's death to the container's end. */
const LAST_BREATH_MS = 2000;
const REQUEST_NOISE = 0.01;
/** Milestones of a start-up as shares of the time to load: Python's imports, the weights, the engine. */
const CONFIGURED = 0.12;
const LOADING = 0.2;
const LOADED = 0.55;
const PROFILED = 0.8;

export function createVllmProcess(options: VllmProcessOptions): VllmProcess {
  const { request, vm, timeline, coefficients } = options;
  const model = modelShape(request.model);
  const gpu = vm.type;
  const random = createRandom(`${String(options.seed)}/vllm/${vm.id}/${request.model}`);
  const plan = memoryPlan(request, gpu, model, random.named("memory").between(0.7, 1));
  const failure = startupFailure({
    request,
    gpu,
    model,
    plan,
    hasSecret: options.hasSecret,
    forced: options.forced,
  });
  const version = /:v?(\d+\.\d+\.\d+)/.exec(request.image)?.[1] ?? "0.27.1";
  const total = Math.round(model.checkpointGib * BYTES_PER_GIB);
  const revision = /^[\da-f]{40}$/.test(request.revision ?? "")
    ? (request.revision ?? "")
    : hex("sha1", `${request.model}@${request.revision ?? "main"}`);

  const start = timeline.now();
  const loadMs = coefficients.loadSeconds(vm, model.checkpointGib) * 1000;
  const downloadMs = options.cached
    ? 0
    : coefficients.downloadSeconds(vm, model.checkpointGib) * 1000;
  const configured = start + CONFIGURED * loadMs;
  const downloaded = configured + downloadMs;
  const after = (share: number): number => downloaded + (share - CONFIGURED) * loadMs;
  const ready = after(1);
  const failedAt =
    failure && { config: configured, weights: after(LOADED), cache: after(PROFILED) }[failure.at];
  let exitedAt = failedAt === undefined ? Infinity : failedAt + 0.02 * loadMs;
  let server: VllmServer | undefined;
  let stopped = false;

  const book = createLogBook((atMs) => timeline.epoch(atMs));
  const loadSeconds = ((LOADED - LOADING) * loadMs) / 1000;
  book.plan(start + 0.05 * loadMs, bannerLines(request, version));
  const milestones = [
    {
      at: downloaded,
      lines: configuredLines(request, version, resolveConfig(request, gpu, model)),
    },
    { at: after(LOADED), lines: weightsLines(plan, loadSeconds, shardsOf(model)) },
    { at: ready, lines: readyLines(request, plan, ((1 - LOADED) * loadMs) / 1000) },
  ].filter(({ at }) => at < (failedAt ?? Infinity));
  for (const { at, lines } of milestones) book.plan(at, lines);
  if (failure !== undefined && failedAt !== undefined) book.plan(failedAt, failure.lines);
  const cancelDownload = timeline.at(downloaded, () => {
    if (failure?.at !== "config") options.onDownloaded();
  });

  let statisticsAt = ready;
  let counted = { prompt: 0, generation: 0 };
  const logThroughput = (running: VllmServer): void => {
    const now = timeline.now();
    const seconds = (now - statisticsAt) / 1000;
    if (seconds * 1000 < LOG_STATS_MS) return;
    const { prompt, cached, generation } = running.engine.metrics.counts;
    const line = throughputLine({
      promptPerSecond: (prompt - counted.prompt) / seconds,
      generationPerSecond: (generation - counted.generation) / seconds,
      running: running.engine.running.length,
      waiting: running.engine.waiting,
      cacheUsage: running.engine.cacheUsage,
      hitRate: prompt === 0 ? 0 : cached / prompt,
    });
    book.append(now, [line]);
    statisticsAt = now;
    counted = { prompt, generation };
  };
  const onServed = (served: ServedCompletion): void => {
    const seconds = (monotonicMs: number): number => timeline.epoch(monotonicMs) / 1000;
    options.onServed({
      label: vm.label,
      model: request.model,
      prompt_tokens: served.promptTokens,
      completion_tokens: served.completionTokens,
      received: seconds(served.receivedMs),
      first_write: seconds(served.firstWriteMs),
      last_write: seconds(served.lastWriteMs),
    });
    if (server !== undefined) logThroughput(server);
  };
  const listen = (): VllmServer => {
    const engine = createEngine({
      timeline,
      maxModelLen: request.max_model_len,
      maxNumSeqs: request.max_num_seqs ?? MAX_NUM_SEQS,
      cacheTokens: plan.cacheTokens,
      blockTokens: BLOCK_TOKENS,
      streamInterval: request.stream_interval ?? 1,
      // The sum of three draws: near enough to a bell, and never far off.
      noise: () =>
        1 + REQUEST_NOISE * (random.between(-1, 1) + random.between(-1, 1) + random.between(-1, 1)),
      profile: speedProfile({
        gpu,
        model,
        tensorParallel: request.tensor_parallel_size,
        eager: request.enforce_eager,
        factor: coefficients.speed(request.model, gpu.id),
      }),
    });
    return createVllmServer({
      timeline,
      engine,
      tokenizer: createTokenizer(request.model, model.vocab),
      model: request.model,
      version,
      maxModelLen: request.max_model_len,
      gpuMemoryUtilization: request.gpu_memory_utilization,
      cacheTokens: plan.cacheTokens,
      blockTokens: BLOCK_TOKENS,
      oddities: {},
      onProgress: options.onProgress,
      onServed,
    });
  };
  const state = (now: number): ServerStatusJson["state"] => {
    if (now >= exitedAt) return "exited";
    if (now >= ready) return "running";
    return now >= configured && now < downloaded ? "downloading" : "starting";
  };

  return {
    request,
    status: () => {
      const now = timeline.now();
      const share = options.cached ? 1 : (now - configured) / Math.max(1, downloadMs);
      const hubAnswered = now >= configured && failure?.at !== "config";
      return {
        state: state(now),
        exit_code: now >= exitedAt ? 1 : null,
        downloaded_bytes: hubAnswered ? Math.round(total * Math.min(1, Math.max(0, share))) : 0,
        total_bytes: hubAnswered ? total : null,
        image_digest: imageDigest(request.image),
        revision: hubAnswered ? revision : null,
        log_bytes: book.bytes(now).length,
      };
    },
    log: () => book.bytes(timeline.now()),
    server: () => {
      const now = timeline.now();
      if (stopped || now < ready || now >= exitedAt) return undefined;
      server ??= listen();
      return server;
    },
    die: () => {
      const now = timeline.now();
      if (server === undefined || now >= exitedAt) return;
      exitedAt = now + LAST_BREATH_MS;
      book.cut(now, engineDiedLines());
      server.die();
      timeline.at(exitedAt, () => server?.terminate());
    },
    stop: () => {
      stopped = true;
      cancelDownload();
      server?.terminate();
    },
  };
}

/** What the registry would call the image that this name stands for. */
export function imageDigest(image: string): string {
  return /@(sha256:[\da-f]{64})$/.exec(image)?.[1] ?? `sha256:${hex("sha256", image)}`;
}

function hex(algorithm: "sha1" | "sha256", text: string): string {
  return createHash(algorithm).update(text).digest("hex");
}
