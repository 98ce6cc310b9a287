import type { PassMode, PassResult, TestResult } from "../evidence/pass.ts";
import type { Suite } from "../evidence/suite.ts";
import type { GpuSample } from "../machine/machine.ts";
import type { Clock } from "../support/clock.ts";
import { NoAnswerError, type ServerUnderTest } from "../vllm/connection.ts";

export { NoAnswerError, type ServerUnderTest };

/** The speed of the engine according to its own counters. */
export interface Pace {
  /** Tokens per second, without the first token of each request. */
  readonly decodeTps: number;
  /** Mean time to the first token, seconds. */
  readonly ttftS: number;
}

export interface PassRequest {
  readonly server: ServerUnderTest;
  readonly suite: Suite;
  /** Requests in flight, by load level. The first level is 1; the others appear in the record's `load`. */
  readonly load: readonly number[];
  /** Determines the order of the tests. */
  readonly seed: string;
  readonly clock: Clock;
  /** Undefined if there is no access to the machine. */
  readonly sampleGpus: ((signal: AbortSignal) => Promise<readonly GpuSample[]>) | undefined;
  /** Default `fixed`. */
  readonly mode?: PassMode;
  /** The best of earlier passes on this server, so that a slow pass does not get a larger tolerance. */
  readonly pace?: Pace | undefined;
  /**
   * Called as each test ends; `index` counts from 1 in the order in which they ran. It must do no work beyond one
   * asynchronous journal write.
   */
  readonly onTest: (test: TestResult, index: number, tests: number) => void;
}

/**
 * Runs the suite once. Failed tests and a failed cross-check are in the result, not thrown.
 * @throws the signal's reason, or the error of `server.open` if the link is lost.
 */
export type RunPass = (request: PassRequest, signal: AbortSignal) => Promise<PassResult>;
/** Sends requests like those that will be measured, with other content, and discards the replies. */
export type WarmUp = (request: Omit<PassRequest, "onTest">, signal: AbortSignal) => Promise<void>;
