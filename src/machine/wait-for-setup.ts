import type { Clock } from "../support/clock.ts";
import { type Machine, MachineError, type SetupStatus } from "./machine.ts";
import { pollIntervalMs } from "./poll-interval.ts";

export interface WaitForSetupOptions {
  readonly clock: Clock;
  /** Virtual milliseconds. */
  readonly ceilingMs: number;
  /** Called when the state or the stage changes. */
  readonly onProgress: (status: SetupStatus) => void;
}

/** The shell's exit code if the command does not exist: cloud-init has not written our program yet. */
const COMMAND_NOT_FOUND = 127;

/**
 * Waits until the set-up is done, has failed, or needs a reboot (`rebootNeeded`): then the caller reboots the VM through
 * the API, reconnects and waits again. After `ceilingMs` the state is `failed`.
 * @throws MachineError if the connection is lost, or the signal's reason
 */
export async function waitForSetup(
  machine: Machine,
  { clock, ceilingMs, onProgress }: WaitForSetupOptions,
  signal: AbortSignal,
): Promise<SetupStatus> {
  const end = clock.monotonic() + ceilingMs;
  let last: SetupStatus = {
    state: "waiting",
    stage: "start",
    index: 0,
    stages: 0,
    rebootNeeded: false,
    reason: undefined,
    bootId: "",
  };
  let reported = "";
  for (;;) {
    last = await statusOrLast(machine, last, signal);
    const current = `${last.state} ${last.stage}`;
    if (current !== reported) onProgress(last);
    reported = current;
    if (last.state === "done" || last.state === "failed" || last.rebootNeeded) return last;
    if (clock.monotonic() >= end) {
      const minutes = String(Math.round(ceilingMs / 60_000));
      return { ...last, state: "failed", reason: `not ready after ${minutes} minutes` };
    }
    await clock.sleep(pollIntervalMs(clock), signal);
  }
}

/** @returns `last` if the set-up program does not exist yet or does not answer in time */
async function statusOrLast(
  machine: Machine,
  last: SetupStatus,
  signal: AbortSignal,
): Promise<SetupStatus> {
  try {
    return await machine.setupStatus(signal);
  } catch (error) {
    const isTemporary =
      error instanceof MachineError &&
      (error.exitCode === COMMAND_NOT_FOUND || error.kind === "timeout");
    if (isTemporary) return last;
    throw error;
  }
}
