import type { EventOf, EventType, SweepEvent } from "../journal/events.ts";

/** What a rental's VM is doing, for messages and views; lifecycle and money are in `RentalState`. */
export interface RentalProgress {
  /** Set while its server starts, runs or is measured. */
  readonly model: string | undefined;
  readonly pass: number | undefined;
  readonly passes: number | undefined;
  /** The test that finished last, its number within the pass, and how many the pass has. */
  readonly test: string | undefined;
  readonly testIndex: number | undefined;
  readonly tests: number | undefined;
  readonly tokensPerSec: number | undefined;
  readonly setup:
    | { readonly stage: string; readonly index: number; readonly stages: number }
    | undefined;
  readonly download:
    | { readonly bytes: number; readonly totalBytes: number | undefined }
    | undefined;
}

/** By label. Rentals that have not started any work are missing. */
export type RunProgress = ReadonlyMap<string, RentalProgress>;

export const NO_PROGRESS: RentalProgress = {
  model: undefined,
  pass: undefined,
  passes: undefined,
  test: undefined,
  testIndex: undefined,
  tests: undefined,
  tokensPerSec: undefined,
  setup: undefined,
  download: undefined,
};

/** Computes the progress of all rentals after further events, without changing `before`. */
export function foldProgress(
  events: Iterable<SweepEvent>,
  before: RunProgress = new Map(),
): RunProgress {
  const all = new Map(before);
  for (const event of events) {
    const step = STEPS[event.type] as Step<EventType> | undefined;
    if (step === undefined || !("label" in event)) continue;
    all.set(event.label, { ...(all.get(event.label) ?? NO_PROGRESS), ...step(event) });
  }
  return all;
}

type Step<T extends EventType> = (event: EventOf<T>) => Partial<RentalProgress>;

const idle = (): RentalProgress => NO_PROGRESS;

const STEPS: { readonly [T in EventType]?: Step<T> } = {
  "setup.progressed": ({ stage, index, stages }) => ({ setup: { stage, index, stages } }),
  "machine.ready": () => ({ setup: undefined }),
  "server.starting": ({ model }) => ({ ...NO_PROGRESS, model }),
  "server.progressed": ({ bytes, total_bytes: total }) => ({
    download: { bytes, totalBytes: total ?? undefined },
  }),
  "server.ready": () => ({ download: undefined }),
  "server.failed": idle,
  "server.stopped": idle,
  "pass.started": ({ model, pass, passes, tests }) => ({
    model,
    pass,
    passes,
    tests,
    testIndex: 0,
    test: undefined,
  }),
  "test.finished": ({ test, index, tests, tokens_per_sec: rate }) => ({
    test,
    testIndex: index,
    tests,
    tokensPerSec: rate ?? undefined,
  }),
  "destroy.intended": idle,
  "rental.gone": idle,
};
