import type { RunPass, ServerUnderTest, WarmUp } from "../benchmark/benchmark.ts";
import type { Cloud } from "../cloud/cloud.ts";
import type { Category, Suite } from "../evidence/suite.ts";
import type { Journal, Ownership } from "../journal/events.ts";
import type { Machine, MachineConnector, SetupStatus } from "../machine/machine.ts";
import type { Clock } from "../support/clock.ts";
import type { MicroUsd } from "../support/money.ts";
import type { Alarm } from "../teardown/teardown-ports.ts";
import type { ServerFailure, ServerReady, WaitForServerOptions } from "../vllm/server-start.ts";

export type { ServerFailure, ServerReady };

/** Everything a sweep touches outside itself. The command line fills it with adapters, tests with stand-ins. */
export interface SweepPorts {
  readonly cloud: Cloud;
  readonly machines: Machines;
  readonly measure: Measure;
  readonly journal: Journal;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly guard: GuardPort;
  /** Left out: no other run shares the month. */
  readonly month?: MonthLedger;
  /** Keeps a text in the run's folder and returns the file's name there. */
  readonly saveLog: (name: string, text: string) => Promise<string>;
  /** Writes a file for the user alone, as it is, into the run's folder; its path. Without it no failed VM is held. */
  readonly writePrivateFile?: (name: string, text: string) => Promise<string>;
  /** Random lower-case letters and digits. */
  readonly nonce: (length: number) => string;
  readonly uuid: () => string;
  /** UTC less local time, minutes, at a moment (milliseconds since the epoch). Left out: records tell UTC. */
  readonly timeZoneOffsetMinutes?: (epochMs: number) => number;
  /** Random, strong enough for Linode, and stored nowhere. */
  readonly password: () => string;
  /**
   * The caller's public address as a range, asked anew when SSH does not answer; left out where it is not to be
   * followed: the user has named the ranges, or nothing leaves this machine. @throws when it cannot be found out
   */
  readonly publicCidr?: (signal: AbortSignal) => Promise<string>;
  readonly onAlarm: (alarm: Alarm) => void;
  /** From 0 to 1, for jitter; left out = as chance will have it. */
  readonly random?: () => number;
  /** Aborts when time jumps; `runSweep` gives it. */
  readonly nextJump?: () => AbortSignal;
}

/** The month's money of all runs of a state folder, whichever processes own them. */
export interface MonthLedger {
  /** Micro-dollars that other runs have spent and reserved until now. */
  usedByOtherRuns(): MicroUsd;
  /** The lowest `monthly_cap` of other runs that are not closed; `Infinity` where none has one. */
  lowestCapOfOtherRuns(): MicroUsd;
  /** While this works, no other run reserves anything. @throws LockError, or what the work throws */
  whileReserving<T>(work: () => Promise<T>): Promise<T>;
}

export interface SshKey {
  readonly publicLine: string;
  /** OpenSSH wire form, base64. */
  readonly publicWire: string;
  readonly privateKey: string;
}

/** The machine room by its port. */
export interface Machines extends MachineConnector {
  newKey(comment: string): SshKey;
  /** @throws SweepError when it would not fit the API's limit. */
  userData(request: { readonly hostKey: SshKey; readonly image: string }): string;
  waitForSetup(
    machine: Machine,
    options: {
      readonly clock: Clock;
      readonly ceilingMs: number;
      readonly onProgress: (status: SetupStatus) => void;
    },
    signal: AbortSignal,
  ): Promise<SetupStatus>;
  waitForServer(
    machine: Machine,
    options: WaitForServerOptions,
    signal: AbortSignal,
  ): Promise<ServerReady | ServerFailure>;
}

/** The benchmark room by its port. */
export interface Measure {
  readonly runPass: RunPass;
  readonly warmUp: WarmUp;
  /** The suite of a server, sized in the model's own tokens. */
  suiteFor(
    categories: readonly Category[],
    server: ServerUnderTest,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<Suite>;
}

export interface GuardPort {
  /** A living guard, started anew if the last one died. @throws SweepError when none can be had: then create nothing. */
  ensure(): Promise<void>;
}
