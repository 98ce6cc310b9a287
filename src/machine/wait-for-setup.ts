import type { Clock } from "../support/clock.ts";
import { type Machine, MachineError, type SetupStatus } from "./machine.ts";
import { pollMs } from "./poll-interval.ts";

export interface WaitForSetupOptions {
  readonly clock: Clock;
  /** Virtual milliseconds. */
  readonly ceilingMs: number;
  /** Called with each change. */
  readonly onProgress: (status: SetupStatus) => void;
}

/** The shell's "no such file": cloud-init has not written our program yet. */
const NOT_THERE = 127;

/**
 * Waits until the machine is set up, has failed, or asks for a reboot (`rebootNeeded`): the caller reboots it through
 * the API, connects anew and waits again. Too long a wait is told as `failed`.
 * @throws MachineError when the link is lost, or the signal's reason
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
  let shown = "";
  for (;;) {
    last = await statusOr(machine, last, signal);
    const seen = `${last.state} ${last.stage}`;
    if (seen !== shown) onProgress(last);
    shown = seen;
    if (last.state === "done" || last.state === "failed" || last.rebootNeeded) return last;
    if (clock.monotonic() >= end) {
      const minutes = String(Math.round(ceilingMs / 60_000));
      return { ...last, state: "failed", reason: `not ready after ${minutes} minutes` };
    }
    await clock.sleep(pollMs(clock), signal);
  }
}

async function statusOr(
  machine: Machine,
  last: SetupStatus,
  signal: AbortSignal,
): Promise<SetupStatus> {
  try {
    return await machine.setupStatus(signal);
  } catch (error) {
    const passing =
      error instanceof MachineError && (error.exitCode === NOT_THERE || error.kind === "timeout");
    if (passing) return last;
    throw error;
  }
}
