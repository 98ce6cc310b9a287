import type { Readable, Writable } from "node:stream";
import { sleepReal } from "../support/clock.ts";
import { type Simulator, type SimulatorOptions, startSimulator } from "./start-simulator.ts";

export interface ProcessStreams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  /**
   * Started as a child: lives as long as its standard input is open, something of the world is in use, or a
   * request came within the last seconds. So a sweep that is killed leaves its cloud to its guard.
   */
  readonly lease: boolean;
}

/** Real time for a guard or another shell to take over from a client that died. */
const GRACE_MS = 10_000;
const LOOK_MS = 500;

/** The life of `maider-sweep simulator`: one line on stdout when it is ready, until SIGTERM, SIGINT or the lease's end. */
export async function runSimulatorProcess(
  options: SimulatorOptions,
  { stdin, stdout, lease }: ProcessStreams,
): Promise<void> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  // Who reads the line may be gone long before the world is.
  stdout.on("error", () => undefined);
  try {
    const simulator = await startSimulator(options);
    const { url, token, world, sshPort, speed } = simulator;
    stdout.write(`${JSON.stringify({ url, token, world, ssh_port: sshPort, speed })}\n`);
    if (lease) await leaseEnd(simulator, stdin, ended.signal);
    else await untilAborted(ended.signal);
    await simulator.close();
  } finally {
    process.off("SIGTERM", end);
    process.off("SIGINT", end);
  }
}

async function leaseEnd(simulator: Simulator, stdin: Readable, signal: AbortSignal): Promise<void> {
  // A broken pipe is an ended one.
  stdin.on("error", () => undefined);
  stdin.resume();
  const isHeld = (): boolean =>
    !(stdin.readableEnded || stdin.destroyed) ||
    simulator.isInUse() ||
    simulator.quietMs() < GRACE_MS;
  while (!signal.aborted && isHeld()) await sleepReal(LOOK_MS, signal).catch(() => undefined);
  stdin.destroy();
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
