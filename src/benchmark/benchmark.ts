import type { PassMode, PassResult, TestResult } from "../evidence/pass.ts";
import type { Suite } from "../evidence/suite.ts";
import type { GpuSample } from "../machine/machine.ts";
import type { Clock } from "../support/clock.ts";
import { NoAnswerError, type ServerUnderTest } from "../vllm/connection.ts";

export { NoAnswerError, type ServerUnderTest };

/** The engine's own speed, by its own clock. */
export interface Pace {
  /** Tokens after the first of each request, a second. */
  readonly decodeTps: number;
  /** Mean time to the first token, seconds. */
  readonly ttftS: number;
}

export interface PassRequest {
  readonly server: ServerUnderTest;
  readonly suite: Suite;
  /** Requests in flight; the first level is 1 and gives the record, further ones give `load`. */
  readonly load: readonly number[];
  /** Order of the tests, salts. */
  readonly seed: string;
  readonly clock: Clock;
  /** What the GPUs do, sampled during the pass; undefined where the machine cannot be asked. */
  readonly sampleGpus: ((signal: AbortSignal) => Promise<readonly GpuSample[]>) | undefined;
  /** Left out = `fixed`. */
  readonly mode?: PassMode;
  /** The best of former attempts on this server: noise is held against it, so that a slow attempt is allowed no more. */
  readonly pace?: Pace | undefined;
  /**
   * Called as each test ends; `index` counts from 1 in the order in which they ran. Does no work of its own beyond one
   * asynchronous journal write.
   */
  readonly onTest: (test: TestResult, index: number, tests: number) => void;
}

/**
 * Runs the suite once. Failed tests and a failed cross-check are in the result, not thrown.
 * @throws the signal's reason, or what `open` threw: the link is gone, and so is the pass.
 */
export type RunPass = (request: PassRequest, signal: AbortSignal) => Promise<PassResult>;
/** Discarded requests of the measured shape with other content. */
export type WarmUp = (request: Omit<PassRequest, "onTest">, signal: AbortSignal) => Promise<void>;
