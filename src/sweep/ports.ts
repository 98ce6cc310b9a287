import type { RunPass, ServerUnderTest, WarmUp } from "../benchmark/benchmark.ts";
import type { Cloud } from "../cloud/cloud.ts";
import type { Category, Suite } from "../evidence/suite.ts";
import type { Journal, Ownership } from "../journal/events.ts";
import type { Machine, MachineConnector, SetupStatus } from "../machine/machine.ts";
import type { Clock } from "../support/clock.ts";
import type { MicroUsd } from "../support/money.ts";
import type { Alarm } from "../teardown/teardown-ports.ts";
import type { ProbeVm } from "./probed-vm.ts";
import type { ServerFailure, ServerReady, WaitForServerOptions } from "../vllm/server-start.ts";

export type { ServerFailure, ServerReady };

/** All external services of a sweep. The program connects adapters, tests connect fakes. */
export interface SweepPorts {
  readonly cloud: Cloud;
  readonly machines: Machines;
  readonly measure: Measure;
  readonly journal: Journal;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly guard: GuardPort;
  /** Examines each VM instead of measuring its passes. Undefined if the passes are measured. */
  readonly probe?: ProbeVm;
  /** Undefined if no other run shares the monthly cap. */
  readonly month?: MonthLedger;
  /** Saves a text in the run's folder and returns the file's name. */
  readonly saveLog: (name: string, text: string) => Promise<string>;
  /** Writes a file that only the user can read into the run's folder and returns its path. If undefined, no failed VM is held. */
  readonly writePrivateFile?: (name: string, text: string) => Promise<string>;
  /** Random lower-case letters and digits. */
  readonly nonce: (length: number) => string;
  readonly uuid: () => string;
  /** UTC minus local time in minutes, at a time in milliseconds since the epoch. If undefined, records have UTC times. */
  readonly timeZoneOffsetMinutes?: (epochMs: number) => number;
  /** A random root password that Linode accepts; it is not stored. */
  readonly password: () => string;
  /**
   * The caller's public address as a range, looked up again when SSH does not answer. Undefined if the user has set the
   * ranges, or the cloud is on this machine. @throws if it cannot be found out
   */
  readonly publicCidr?: (signal: AbortSignal) => Promise<string>;
  readonly onAlarm: (alarm: Alarm) => void;
  /** From 0 to 1, for jitter; the default is Math.random. */
  readonly random?: () => number;
  /** Aborts when the clock jumps; set by `runSweep`. */
  readonly nextJump?: () => AbortSignal;
}

/** The money of all runs of a state folder in the current month. */
export interface MonthLedger {
  /** Micro-dollars that other runs have spent and reserved this month. */
  usedByOtherRuns(): MicroUsd;
  /** The lowest `monthly_cap` of other open runs; `Infinity` if none has one. */
  lowestCapOfOtherRuns(): MicroUsd;
  /** Prevents other runs from reserving money during the work. @throws LockError, or the error of the work */
  whileReserving<T>(work: () => Promise<T>): Promise<T>;
}

export interface SshKey {
  readonly publicLine: string;
  /** OpenSSH wire form, base64. */
  readonly publicWire: string;
  readonly privateKey: string;
}

/** The port to the `machine` module. */
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

/** The port to the `benchmark` module. */
export interface Measure {
  readonly runPass: RunPass;
  readonly warmUp: WarmUp;
  /** A suite whose prompts have their specified lengths in the model's own tokens. */
  suiteFor(
    categories: readonly Category[],
    server: ServerUnderTest,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<Suite>;
}

export interface GuardPort {
  /** Starts the guard if none is running. @throws SweepError if it does not start; no VM may be created then */
  ensure(): Promise<void>;
}
