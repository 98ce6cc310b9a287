import { createServer, type AddressInfo, type Socket } from "node:net";
import { realClock, type Clock } from "../../src/support/clock.ts";
import { createRandom } from "../../src/simulator/world/random.ts";
import type { ServedRequest } from "../../src/simulator/world/simulated-vm.ts";
import { asSocket } from "../../src/support/as-socket.ts";
import { delayedConnection } from "./delayed-connection.ts";
import { changesStream, createStreamAlterer, type StreamChanges } from "./altered-stream.ts";
import { createEngine, type Engine } from "../../src/simulator/vllm/engine.ts";
import type { Checkpoint, EngineRequest } from "../../src/simulator/vllm/engine-request.ts";
import { createTimeline } from "../../src/simulator/vllm/timeline.ts";
import { createTokenizer } from "../../src/simulator/vllm/tokenizer.ts";
import { createVllmServer, type VllmServer } from "../../src/simulator/vllm/vllm-server.ts";

/** Faults of the server's engine. */
interface EngineFaults {
  /** Sends an error within the stream after this many tokens. */
  readonly errorAfterTokens?: number;
  /** The model stops after this many tokens despite `ignore_eos`. */
  readonly endAfterTokens?: number;
  /** The stream sends no more data after this many tokens, but stays open. */
  readonly stallAfterTokens?: number;
  /** The connection breaks after this many tokens. */
  readonly cutAfterTokens?: number;
  /** By how much `generation_tokens` in the metrics is too high, as a share: 0.01 is 1 %. */
  readonly miscount?: number;
  /** Preemptions per request in the metrics. */
  readonly preemptions?: number;
  /** The prefix cache ignores the salt. */
  readonly ignoreSalt?: boolean;
}

export interface ReferenceOptions extends StreamChanges, EngineFaults {
  readonly ttftMs: number;
  readonly tpotMs: number;
  /** Like `--stream-interval`; default 1. */
  readonly tokensPerChunk?: number;
  /** Standard deviation of a request's times, as a share; default 0. */
  readonly noise?: number;
  readonly seed?: number;
  /** Added to every round trip. */
  readonly delayMs?: number;
  /** The factor by which a token takes longer with `running` requests in flight; default 1. */
  readonly slowdown?: (running: number) => number;
  readonly model?: string;
  readonly version?: string;
  readonly maxModelLen?: number;
  readonly maxNumSeqs?: number;
  readonly clock?: Clock;
}

/** A simulated vLLM server with known timing, on a loopback port. */
export interface ReferenceServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  readonly model: string;
  /** Oldest first. */
  served(): readonly ServedRequest[];
  /** Simulates a restart of the process, which resets all counters. */
  restart(): void;
  /** Simulates a crash of the engine's process. */
  crash(): void;
  close(): Promise<void>;
}

const VOCABULARY = 151_936;
const BLOCK_TOKENS = 16;

export async function startReferenceServer(options: ReferenceOptions): Promise<ReferenceServer> {
  const model = options.model ?? "reference";
  const maxModelLen = options.maxModelLen ?? 32_768;
  const cacheTokens = 64 * maxModelLen;
  const clock = options.clock ?? realClock();
  const timeline = createTimeline(() => clock);
  const random = createRandom(options.seed ?? 1);
  const log: ServedRequest[] = [];
  const seconds = (monotonicMs: number): number => timeline.epoch(monotonicMs) / 1000;

  const start = (): VllmServer =>
    createVllmServer({
      timeline,
      tokenizer: createTokenizer(model, VOCABULARY),
      model,
      version: options.version ?? "0.32.0",
      maxModelLen,
      gpuMemoryUtilization: 0.9,
      cacheTokens,
      blockTokens: BLOCK_TOKENS,
      checkpoint,
      onServed: (served) => {
        log.push({
          label: "reference",
          model,
          prompt_tokens: served.promptTokens,
          completion_tokens: served.completionTokens,
          received: seconds(served.receivedMs),
          first_write: seconds(served.firstWriteMs),
          last_write: seconds(served.lastWriteMs),
        });
      },
      engine: faultyEngine(
        createEngine({
          timeline,
          maxNumSeqs: options.maxNumSeqs ?? 256,
          cacheTokens,
          blockTokens: BLOCK_TOKENS,
          streamInterval: options.tokensPerChunk ?? 1,
          noise: () => 1 + (options.noise ?? 0) * (random.between(-1, 1) + random.between(-1, 1)),
          profile: {
            prefillsQueue: false,
            prefillMs: () => options.ttftMs,
            stepMs: (running) => options.tpotMs * (options.slowdown?.(running) ?? 1),
          },
        }),
        options,
      ),
    });

  const sockets = new Set<Socket>();
  const breakAfter = options.stallAfterTokens ?? options.cutAfterTokens ?? options.errorAfterTokens;
  const checkpoint = (): Checkpoint | undefined =>
    breakAfter === undefined ? undefined : { afterTokens: breakAfter, onReached: breakOff };
  const breakOff = (running: EngineRequest): void => {
    if (options.stallAfterTokens !== undefined) {
      running.stall();
      return;
    }
    running.abort();
    if (options.errorAfterTokens !== undefined) running.job.onEnd("error");
    else for (const socket of sockets) socket.destroy();
  };
  let vllm = start();
  const alterer = createStreamAlterer(options, (connection) => {
    vllm.attach(asSocket(connection));
  });
  const listener = createServer((socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    const delay = (options.delayMs ?? 0) / 2;
    const near = delay > 0 ? asSocket(delayedConnection(socket, delay, timeline)) : socket;
    if (changesStream(options)) alterer.emit("connection", near);
    else vllm.attach(near);
  });
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(0, "127.0.0.1", resolve);
  });
  const { port } = listener.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    model,
    served: () => log,
    restart: () => {
      vllm.terminate();
      vllm = start();
    },
    crash: () => {
      vllm.crash();
    },
    close: async () => {
      vllm.terminate();
      for (const socket of sockets) socket.destroy();
      timeline.close();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function faultyEngine(engine: Engine, faults: EngineFaults): Engine {
  const { endAfterTokens = Infinity, ignoreSalt = false, miscount = 0, preemptions = 0 } = faults;
  const { counts, observations } = engine.metrics;
  return {
    submit: (job) =>
      engine.submit({
        ...job,
        naturalTokens: Math.min(endAfterTokens, job.naturalTokens),
        salt: ignoreSalt ? undefined : job.salt,
      }),
    end: (reason) => {
      engine.end(reason);
    },
    get waiting() {
      return engine.waiting;
    },
    get running() {
      return engine.running;
    },
    get cacheUsage() {
      return engine.cacheUsage;
    },
    get metrics() {
      const preempted = (observations.get("request_num_preemptions") ?? []).map(
        () => [preemptions, 1] as const,
      );
      return {
        ...engine.metrics,
        counts: { ...counts, generation: Math.round(counts.generation * (1 + miscount)) },
        observations: new Map([...observations, ["request_num_preemptions", preempted]]),
      };
    },
  };
}
