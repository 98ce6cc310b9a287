import type {
  PassMode,
  PassResult,
  RequestMetrics,
  TestOutcome,
  TestResult,
} from "../evidence/pass.ts";
import type { Suite } from "../evidence/suite.ts";
import type { GpuSample } from "../machine/machine.ts";
import type { Clock } from "../support/clock.ts";
import type { ServerUnderTest } from "../vllm/connection.ts";

export type { ServerUnderTest };

export interface PassRequest {
  readonly server: ServerUnderTest;
  readonly suite: Suite;
  /** Requests in flight; the first level is 1 and gives the record, further ones give `load`. */
  readonly load: readonly number[];
  /** Order of the tests, salts. */
  readonly seed: string;
  readonly clock: Clock;
  /** What the GPUs do, sampled during the pass; undefined where nobody can tell. */
  readonly sampleGpus: ((signal: AbortSignal) => Promise<readonly GpuSample[]>) | undefined;
  /** Left out = `fixed`. */
  readonly mode?: PassMode;
  /** Called as each test ends; `index` counts from 1 in the order in which they ran. Does no work of its own beyond one asynchronous journal write. */
  readonly onTest: (test: TestEnd, index: number, tests: number) => void;
}

/** What can be said of a test before the pass has ended and its reply is read; the result has the last word. */
export interface TestEnd extends Pick<TestResult, "name" | "category"> {
  readonly outcome:
    | Exclude<TestOutcome, { readonly kind: "measured" }>
    | {
        readonly kind: "measured";
        readonly metrics: Pick<RequestMetrics, "completionTokens" | "bodyS"> & {
          /** Undefined when the reply began unusually. */
          readonly ttftS: number | undefined;
        };
      };
}

/**
 * Runs the suite once. Failed tests and a failed cross-check are in the result, not thrown.
 * @throws the signal's reason, or what `open` threw: the link is gone, and so is the pass.
 */
export type RunPass = (request: PassRequest, signal: AbortSignal) => Promise<PassResult>;
/** Discarded requests of the measured shape with other content. */
export type WarmUp = (request: Omit<PassRequest, "onTest">, signal: AbortSignal) => Promise<void>;
