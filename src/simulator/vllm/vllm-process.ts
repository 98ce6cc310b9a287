import { createHash } from "node:crypto";
import type { ModelFacts } from "../../catalog/models.ts";
import type { ServeJson, ServerStatusJson } from "../../machine/agent-protocol.ts";
import { createRandom, type Random } from "../world/random.ts";
import type { Coefficients } from "../world/coefficients.ts";
import type { ServedRequest, SimulatedVm } from "../world/simulated-vm.ts";
import type { ServedCompletion } from "./completion-stream.ts";
import { createEngine } from "./engine.ts";
import type { Checkpoint } from "./engine-request.ts";
import { createLogBook } from "./log-book.ts";
import { logPassage } from "./log-passages.ts";
import { type MemoryPlan, memoryPlan } from "./memory-plan.ts";
import { modelShape } from "./model-shape.ts";
import { speedProfile } from "./speed-model.ts";
import { throughput } from "./start-log.ts";
import { type FaultOf, MAX_NUM_SEQS } from "./startup-failure.ts";
import type { Cancel, Timeline } from "./timeline.ts";
import { createTokenizer } from "./tokenizer.ts";
import { createVllmServer, type VllmServer } from "./vllm-server.ts";
import { planStart } from "./vllm-start.ts";

export interface VllmProcessOptions {
  readonly request: ServeJson;
  readonly vm: SimulatedVm;
  readonly timeline: Timeline;
  readonly coefficients: Coefficients;
  readonly seed: number;
  readonly hasSecret: boolean;
  /** Whether the checkpoint is already on the disk. */
  readonly cached: boolean;
  readonly faultOf: FaultOf;
  readonly onDownloaded: () => void;
  readonly checkpoint: (maxTokens: number) => Checkpoint | undefined;
  readonly onServed: (served: ServedRequest) => void;
}

/** The container of one vLLM server. */
export interface VllmProcess {
  readonly request: ServeJson;
  status(): ServerStatusJson;
  log(): Buffer;
  /** Undefined while its port is closed. */
  server(): VllmServer | undefined;
  /** Crashes the engine; the container exits soon after. */
  crash(): void;
  /** Stops the container with SIGTERM. */
  stop(): void;
}

const BYTES_PER_GIB = 2 ** 30;
const BLOCK_TOKENS = 16;
const LOG_STATS_MS = 10_000;
/** Time from the engine's crash to the container's exit. */
const CRASH_EXIT_MS = 2000;
const REQUEST_NOISE = 0.01;
/** Range of the memory that is neither weights nor cache, as a share of the catalogue's figure. */
const OVERHEAD = [0.7, 1] as const;

/** With the fault `tight-memory`. */
const TIGHT_OVERHEAD = 1.8;

export function createVllmProcess(options: VllmProcessOptions): VllmProcess {
  const { request, vm, timeline, coefficients, cached } = options;
  const model = modelShape(request.model);
  const random = createRandom(`${String(options.seed)}/vllm/${vm.id}/${request.model}`);
  const overheadFactor =
    random.named("memory").between(...OVERHEAD) *
    (options.faultOf("tight-memory") === undefined ? 1 : TIGHT_OVERHEAD);
  const plan = memoryPlan(request, vm.type, model, overheadFactor);
  const version = /:v?(\d+\.\d+\.\d+)/.exec(request.image)?.[1] ?? "0.27.1";
  const start = planStart({
    request,
    version,
    gpu: vm.type,
    model,
    plan,
    hasSecret: options.hasSecret,
    faultOf: options.faultOf,
    startMs: timeline.now(),
    loadMs: coefficients.loadSeconds(vm, model.checkpointGib) * 1000,
    downloadMs: cached ? 0 : coefficients.downloadSeconds(vm, model.checkpointGib) * 1000,
  });
  const book = createLogBook((atMs) => timeline.epoch(atMs));
  for (const { atMs, text } of start.log) book.plan(atMs, text);
  const cancelDownload = atIfEver(timeline, start.downloadedMs, options.onDownloaded);

  let server: VllmServer | undefined;
  let diedMs = Infinity;
  let stopped = false;
  const hasExited = (nowMs: number): boolean => nowMs >= Math.min(start.exitMs, diedMs);
  let logged = { atMs: start.readyMs, counts: { prompt: 0, cached: 0, generation: 0 } };
  const logThroughput = ({ engine }: VllmServer): void => {
    const nowMs = timeline.now();
    if (nowMs - logged.atMs < LOG_STATS_MS) return;
    book.append(nowMs, throughput(engine, logged.counts, (nowMs - logged.atMs) / 1000));
    logged = { atMs: nowMs, counts: { ...engine.metrics.counts } };
  };
  const onServed = (served: ServedRequest): void => {
    options.onServed(served);
    if (server !== undefined) logThroughput(server);
  };
  const listen = (): VllmServer =>
    serverOf({ ...options, onServed }, { model, plan, version, random });

  return {
    request,
    status: () => {
      const nowMs = timeline.now();
      const share = cached ? 1 : start.downloadedShare(nowMs);
      const total = Math.round(model.checkpointGib * BYTES_PER_GIB);
      const exited = hasExited(nowMs);
      return {
        state: exited ? "exited" : start.stateAt(nowMs),
        exit_code: exited ? 1 : null,
        downloaded_bytes: share === undefined ? 0 : Math.round(total * share),
        total_bytes: share === undefined ? null : total,
        image_digest: imageDigest(request.image),
        revision: share === undefined ? null : revisionOf(request),
        log_bytes: book.bytes(nowMs).length,
      };
    },
    log: () => book.bytes(timeline.now()),
    server: () => {
      const nowMs = timeline.now();
      if (stopped || nowMs < start.readyMs || hasExited(nowMs)) return undefined;
      server ??= listen();
      return server;
    },
    crash: () => {
      const nowMs = timeline.now();
      if (server === undefined || hasExited(nowMs)) return;
      diedMs = nowMs + CRASH_EXIT_MS;
      book.append(nowMs, logPassage("engine died"));
      server.crash();
      timeline.at(diedMs, () => server?.terminate());
    },
    stop: () => {
      stopped = true;
      cancelDownload();
      server?.terminate();
    },
  };
}

function atIfEver(timeline: Timeline, ms: number, task: () => void): Cancel {
  return Number.isFinite(ms) ? timeline.at(ms, task) : () => undefined;
}

interface ServerFacts {
  readonly model: ModelFacts;
  readonly plan: MemoryPlan;
  readonly version: string;
  readonly random: Random;
}

function serverOf(options: VllmProcessOptions, facts: ServerFacts): VllmServer {
  const { request, vm, timeline, coefficients } = options;
  const { model, plan, version, random } = facts;
  const engine = createEngine({
    timeline,
    maxNumSeqs: request.max_num_seqs ?? MAX_NUM_SEQS,
    cacheTokens: plan.cacheTokens,
    blockTokens: BLOCK_TOKENS,
    streamInterval: request.stream_interval ?? 1,
    // The sum of three draws approximates a bell curve without outliers.
    noise: () =>
      1 + REQUEST_NOISE * (random.between(-1, 1) + random.between(-1, 1) + random.between(-1, 1)),
    profile: speedProfile({
      gpu: vm.type,
      model,
      tensorParallel: request.tensor_parallel_size,
      eager: request.enforce_eager,
      factor: coefficients.speed(request.model, vm.type.id),
    }),
  });
  return createVllmServer({
    timeline,
    engine,
    tokenizer: createTokenizer(request.model, model.vocab),
    model: request.model,
    version,
    maxModelLen: request.max_model_len,
    harmonyBreaks: options.faultOf("harmony-breaks") !== undefined,
    gpuMemoryUtilization: request.gpu_memory_utilization,
    cacheTokens: plan.cacheTokens,
    blockTokens: BLOCK_TOKENS,
    checkpoint: options.checkpoint,
    onServed: (served) => {
      options.onServed(servedRequest(served, options));
    },
  });
}

function servedRequest(
  served: ServedCompletion,
  { vm, request, timeline }: VllmProcessOptions,
): ServedRequest {
  const seconds = (monotonicMs: number): number => timeline.epoch(monotonicMs) / 1000;
  return {
    label: vm.label,
    model: request.model,
    prompt_tokens: served.promptTokens,
    completion_tokens: served.completionTokens,
    received: seconds(served.receivedMs),
    first_write: seconds(served.firstWriteMs),
    last_write: seconds(served.lastWriteMs),
  };
}

/** The commit of the model's branch or tag on the Hub. */
function revisionOf({ model, revision }: ServeJson): string {
  const name = revision ?? "main";
  return /^[\da-f]{40}$/.test(name) ? name : hex("sha1", `${model}@${name}`);
}

/** The registry's digest for an image. */
export function imageDigest(image: string): string {
  return /@(sha256:[\da-f]{64})$/.exec(image)?.[1] ?? `sha256:${hex("sha256", image)}`;
}

function hex(algorithm: "sha1" | "sha256", text: string): string {
  return createHash(algorithm).update(text).digest("hex");
}
