import type { Readable, Writable } from "node:stream";
import { sleepReal } from "../../support/clock.ts";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import { type FaultScript, parseFaults } from "../faults/fault-scripts.ts";
import { type Simulator, type SimulatorOptions, startSimulator } from "./start-simulator.ts";

export interface ProcessOptions extends Omit<SimulatorOptions, "faults"> {
  /** Fault scripts in the form of `POST /simulator/faults`. */
  readonly faults?: unknown;
}

export interface ProcessEnvironment {
  readonly stdin: Readable;
  readonly stdout: Writable;
  /**
   * Whether the process ends on its own once stdin is closed, nothing in the world is in use, and no request has come
   * for some seconds. When a sweep is killed, its guard can therefore still use the cloud.
   */
  readonly lease: boolean;
  /** Ends the world even if it has VMs. */
  readonly signal: AbortSignal;
}

/** Real time for a guard or another client to take over from one that was killed. */
const GRACE_MS = 10_000;
const CHECK_MS = 500;

/**
 * Runs `maider-sweep simulator`: prints one line when it is ready, and ends when the signal is aborted or the lease ends.
 * @throws SweepError exit 2 for invalid faults, or a port that is in use
 */
export async function runSimulatorProcess(
  { faults = [], ...options }: ProcessOptions,
  { stdin, stdout, lease, signal }: ProcessEnvironment,
): Promise<void> {
  // The reader of the line may exit long before the world ends.
  stdout.on("error", () => undefined);
  const simulator = await start({ ...options, faults: readFaults(faults) });
  const { url, token, world, sshPort, speed } = simulator;
  stdout.write(`${JSON.stringify({ url, token, world, ssh_port: sshPort, speed })}\n`);
  if (lease) await waitForLeaseEnd(simulator, stdin, signal);
  else await untilAborted(signal);
  await simulator.close();
}

function readFaults(value: unknown): FaultScript {
  try {
    return parseFaults(value);
  } catch (error) {
    throw new SweepError("the faults are invalid", {
      exitCode: ExitCode.usage,
      reason: errorText(error),
      hint: "the file must have a JSON list in the format of POST /simulator/faults",
    });
  }
}

async function start(options: SimulatorOptions): Promise<Simulator> {
  try {
    return await startSimulator({
      onProblem: (error) => process.stderr.write(`simulator: ${errorText(error)}\n`),
      ...options,
    });
  } catch (error) {
    throw new SweepError("the simulated cloud cannot listen", {
      exitCode: ExitCode.usage,
      reason: errorText(error),
      hint: "omit --port to use any free port",
    });
  }
}

async function waitForLeaseEnd(
  simulator: Simulator,
  stdin: Readable,
  signal: AbortSignal,
): Promise<void> {
  // A broken pipe counts as closed.
  stdin.on("error", () => undefined);
  stdin.resume();
  const isHeld = (): boolean =>
    !(stdin.readableEnded || stdin.destroyed) ||
    simulator.isInUse() ||
    simulator.quietMs() < GRACE_MS;
  while (!signal.aborted && isHeld()) await sleepReal(CHECK_MS, signal).catch(() => undefined);
  stdin.destroy();
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
