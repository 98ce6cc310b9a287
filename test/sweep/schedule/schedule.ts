import * as fc from "fast-check";
import type { ApiFault } from "../../../src/simulator/faults/fault-scripts.ts";
import type { MachineFault } from "../../../src/simulator/faults/fault-scripts.ts";
import type { DeathAtFact } from "./life.ts";

/** Something that happens at a moment, whatever the program is doing then. */
export type Happening = { readonly atMinutes: number } & (
  | { readonly what: "kill" | "interrupt" | "stopped" | "reap" | "another address" }
  | {
      readonly what:
        | "asleep"
        | "revoked"
        | "disk full"
        | "deletes fail"
        | "link breaks"
        | "API down";
      readonly minutes: number;
    }
  | { readonly what: "clock step"; readonly minutes: number }
  | {
      readonly what: "no stock";
      readonly minutes: number;
      /** Left out: everywhere. */
      readonly region: string | undefined;
      /** The list of what is available does not tell. */
      readonly advertised: boolean;
    }
  /** It takes the run over while its owner is at work. */
  | { readonly what: "second process"; readonly by: Successor["by"] }
);

/** Who comes after an owner that is gone, and how much later. */
export interface Successor {
  readonly by: "guard" | "recover" | "resume";
  readonly afterMinutes: number;
  readonly death: DeathAtFact | undefined;
}

export interface Schedule {
  readonly seed: number;
  readonly entries: number;
  readonly concurrency: number;
  readonly passes: number;
  /** Each model is asked for with two engine settings. */
  readonly variants?: boolean;
  /** By how much the owners' clock is ahead of the API's from the beginning. */
  readonly clockAheadMinutes: number;
  /** Of the plan's worst case. */
  readonly capShare: number;
  readonly death: DeathAtFact | undefined;
  readonly happenings: readonly Happening[];
  readonly successors: readonly Successor[];
  readonly faults: readonly ApiFault[];
  readonly machineFaults: readonly MachineFault[];
}

/** Even: fast-check's own bias is for small numbers, and most of a run is not at its beginning. */
const evenly = (min: number, max: number): fc.Arbitrary<number> =>
  fc.noBias(fc.integer({ min, max }));
const at = fc.oneof(evenly(0, 12), evenly(0, 120), evenly(0, 300));

const owner = fc.constantFrom("guard" as const, "recover" as const, "resume" as const);

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    atMinutes: at,
    what: fc.constantFrom("kill", "interrupt", "stopped", "reap", "another address"),
  }),
  fc.record({
    atMinutes: evenly(0, 90),
    what: fc.constant("link breaks"),
    minutes: fc.constantFrom(0.3, 2, 5, 30),
  }),
  fc.record({ atMinutes: evenly(0, 90), what: fc.constant("API down"), minutes: fc.constant(20) }),
  // Nothing of a run has expired in its first hours.
  fc.record({ atMinutes: evenly(0, 900), what: fc.constant("reap") }),
  fc.record({ atMinutes: at, what: fc.constant("asleep"), minutes: fc.constantFrom(3, 40, 480) }),
  fc.record({
    atMinutes: at,
    what: fc.constantFrom("revoked", "disk full"),
    minutes: fc.constantFrom(1, 15, 200),
  }),
  // The patience of an owner is 10 minutes.
  fc.record({
    atMinutes: at,
    what: fc.constant("deletes fail"),
    minutes: fc.constantFrom(5, 30, 150),
  }),
  fc.record({
    atMinutes: at,
    what: fc.constant("clock step"),
    minutes: fc.constantFrom(-90, -2, 2, 90),
  }),
  fc.record({
    atMinutes: at,
    what: fc.constant("no stock"),
    minutes: evenly(1, 120),
    region: fc.constantFrom("us-ord", "us-sea", "de-fra-2", undefined),
    advertised: fc.boolean(),
  }),
  fc.record({ atMinutes: at, what: fc.constant("second process"), by: owner }),
);

const death: fc.Arbitrary<DeathAtFact | undefined> = fc.option(
  fc.record({ facts: fc.oneof(evenly(1, 25), evenly(1, 120)), before: fc.boolean() }),
  { nil: undefined, freq: 2 },
);

const requests = fc.constantFrom(
  { method: "POST", path: "^/linode/instances$" },
  { method: "POST", path: "firewalls" },
  { method: "DELETE", path: "instances" },
  { method: "DELETE", path: "firewalls" },
  { method: "GET", path: "^/linode/instances$" },
  { method: "GET", path: "^/linode/instances/" },
  { method: "GET", path: "firewalls" },
  { method: "GET", path: "profile" },
  { method: "POST", path: "/reboot$" },
);
const notFound: fc.Arbitrary<ApiFault> = fc.record({
  match: fc.constant({ method: "GET", path: "^/linode/instances/\\d+$" }),
  nth: evenly(1, 10),
  count: fc.integer({ min: 1, max: 2 }),
  action: fc.constant("status" as const),
  status: fc.constant(404),
});

const requestFault: fc.Arbitrary<ApiFault> = fc
  .tuple(
    fc.record({
      match: requests,
      nth: evenly(1, 6),
      count: fc.integer({ min: 1, max: 4 }),
    }),
    fc.oneof(
      fc.constantFrom({ action: "drop-before" } as const, { action: "commit-then-drop" } as const),
      fc.record({
        action: fc.constantFrom("commit-later" as const, "delay" as const, "stale-list" as const),
        seconds: fc.nat({ max: 300 }),
      }),
      fc.record({
        action: fc.constant("status" as const),
        status: fc.constantFrom(400, 403, 408, 429, 500, 502, 503),
      }),
    ),
  )
  .map(([where, what]) => ({ ...where, ...what }));

const fault: fc.Arbitrary<ApiFault> = fc.oneof(
  { weight: 6, arbitrary: requestFault },
  {
    weight: 1,
    arbitrary: fc.record({
      // All reads, as where a token was changed for another one: whoever asks whose it is gets that account, too.
      match: fc.constant({ method: "GET" }),
      action: fc.constant("wrong-account" as const),
      nth: evenly(1, 60),
      count: fc.integer({ min: 1, max: 9 }),
    }),
  },
);

// The world's first two VMs are not ours.
const vm = fc.record({ nth: fc.integer({ min: 3, max: 5 }) });

const machineFault: fc.Arbitrary<MachineFault> = fc.oneof(
  fc.record({
    vm,
    action: fc.constantFrom(
      "boot-hangs" as const,
      "ssh-freezes" as const,
      "server-dies" as const,
      "out-of-memory" as const,
      "needs-reboot" as const,
      "setup-fails" as const,
      "download-freezes" as const,
      "start-hangs" as const,
      "graphs-out-of-memory" as const,
      "too-many-seqs" as const,
    ),
    after_seconds: fc.nat({ max: 3_000 }),
  }),
  fc.record({
    vm,
    action: fc.constant("link-breaks" as const),
    after_seconds: fc.nat({ max: 3_000 }),
    seconds: fc.constantFrom(5, 60, 600),
    every_seconds: fc.constantFrom(900, 3_000),
  }),
);

export const schedules: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.nat({ max: 1_000_000 }),
  entries: fc.integer({ min: 1, max: 3 }),
  concurrency: fc.integer({ min: 1, max: 3 }),
  passes: fc.integer({ min: 1, max: 3 }),
  variants: fc.boolean(),
  clockAheadMinutes: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(-300, -40, 40, 300) },
  ),
  capShare: fc.constantFrom(0.35, 0.6, 1, 1.2),
  death,
  happenings: fc.noBias(fc.array(happening, { maxLength: 6 })),
  successors: fc.array(
    fc.record({
      by: owner,
      afterMinutes: evenly(0, 30),
      death,
    }),
    { maxLength: 3 },
  ),
  faults: fc.array(fc.oneof({ weight: 6, arbitrary: fault }, { weight: 1, arbitrary: notFound }), {
    maxLength: 3,
  }),
  machineFaults: fc.array(machineFault, { maxLength: 2 }),
});
