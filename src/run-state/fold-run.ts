import type { EventOf, EventType, Fact, SweepEvent } from "../journal/events.ts";
import { foldRental, newRental } from "./fold-rental.ts";
import { hoursOf } from "./ledger.ts";
import { parseLabel } from "../journal/label.ts";
import { OPEN_STAGES, type RentalState, type RunState } from "./run-state.ts";

/** A mutable `RunState`. */
type Draft = {
  -readonly [K in keyof RunState]: RunState[K] extends readonly (infer Item)[]
    ? Item[]
    : RunState[K] extends ReadonlyMap<infer Key, infer Value>
      ? Map<Key, Value>
      : RunState[K];
};
type Step<T extends EventType> = (state: Draft, event: EventOf<T>, ms: number) => void;

const EMPTY: RunState = {
  run: "",
  opened: undefined,
  closed: undefined,
  stopping: undefined,
  pid: undefined,
  guardPid: undefined,
  rentals: new Map(),
  firewall: undefined,
  passes: [],
  configurations: [],
  failures: [],
  notStarted: [],
  skipped: [],
  lastMs: 0,
};

/**
 * Computes the state of a run from its events. `before` is an earlier state to continue from, which is not changed.
 * Never throws, even if events are missing or out of order because the journal is damaged.
 */
export function foldRun(events: Iterable<SweepEvent>, before: RunState = EMPTY): RunState {
  const state: Draft = {
    ...before,
    rentals: new Map(before.rentals),
    passes: [...before.passes],
    configurations: [...before.configurations],
    failures: [...before.failures],
    notStarted: [...before.notStarted],
    skipped: [...before.skipped],
  };
  for (const event of events) {
    const ms = Date.parse(event.ts);
    state.run = event.run;
    state.lastMs = ms;
    (STEPS[event.type] as Step<EventType> | undefined)?.(state, event, ms);
    const label = rentalOf(event);
    if (label !== undefined) {
      const rental = state.rentals.get(label) ?? unknownRental(label, ms);
      state.rentals.set(label, foldRental(rental, event, ms));
    }
  }
  return state;
}

const STEPS: { readonly [T in EventType]?: Step<T> } = {
  "run.opened": (state, event) => {
    state.opened = event;
    state.pid = event.pid;
  },
  "run.adopted": (state, { by, pid, moved }) => {
    state.pid = pid;
    state.closed = undefined;
    if (moved !== undefined && state.opened !== undefined)
      state.opened = { ...state.opened, ...moved };
    if (by !== "resume") return;
    // A resumed run retries what was not finished.
    state.stopping = undefined;
    state.configurations = state.configurations.filter((event) => event.state === "measured");
    state.notStarted = [];
    state.skipped = [];
  },
  "run.stopping": (state, { reason }) => {
    state.stopping ??= reason;
  },
  "run.closed": (state, event) => {
    state.closed = event;
    state.guardPid = undefined;
  },
  "guard.acknowledged": (state, { pid }) => {
    state.guardPid = pid;
  },
  "guard.lost": (state, { pid }) => {
    if (state.guardPid === pid) state.guardPid = undefined;
  },
  "firewall.intended": (state, { label }) => {
    state.firewall = { label, id: undefined, gone: false };
  },
  "firewall.acknowledged": (state, { label, firewall_id: id }) => {
    state.firewall = { label, id, gone: false };
  },
  "firewall.gone": (state, { label }) => {
    if (state.firewall?.label === label) state.firewall = { ...state.firewall, gone: true };
  },
  "rental.reserved": (state, event, ms) => {
    state.rentals.set(event.label, newRental(event, ms));
  },
  "pass.finished": (state, event) => state.passes.push(event),
  "pass.failed": (state, event) => state.passes.push(event),
  "pass.void": (state, event) => state.passes.push(event),
  "configuration.finished": (state, event) => state.configurations.push(event),
  "server.failed": (state, event) => state.failures.push(event),
  "rental.failed": (state, event) => state.failures.push(event),
  "entry.not_started": (state, event) => state.notStarted.push(event),
  "entry.skipped": (state, event) => state.skipped.push(event),
  "world.ended": (state, _event, ms) => {
    for (const [label, rental] of state.rentals) {
      if (rental.settled === undefined) state.rentals.set(label, settleAtWorldEnd(rental, ms));
    }
    if (state.firewall !== undefined) state.firewall = { ...state.firewall, gone: true };
  },
};

/** Rentals that are or may be billed. */
export function openRentals(state: RunState): readonly RentalState[] {
  return [...state.rentals.values()].filter(({ stage }) => OPEN_STAGES.has(stage));
}

/** Whether a rental is not settled or the firewall is not deleted. */
export function isUnsettled(state: RunState): boolean {
  const rentals = [...state.rentals.values()].some(({ settled }) => settled === undefined);
  return rentals || state.firewall?.gone === false;
}

/** Whether all open rentals are held for the user. */
export function isHeld(state: RunState): boolean {
  const open = openRentals(state);
  return open.length > 0 && open.every(({ heldUntilMs }) => heldUntilMs !== undefined);
}

function rentalOf(event: Fact): string | undefined {
  if (!("label" in event)) return undefined;
  return parseLabel(event.label)?.kind === "vm" ? event.label : undefined;
}

/** A rental whose reservation was lost in a damaged journal. Its expiry is taken from the label. */
export function unknownRental(label: string, sinceMs: number): RentalState {
  return newRental(
    {
      label,
      rental: 0,
      gpu: "",
      region: "",
      models: [],
      price_micro_usd: 0,
      hours: 0,
      micro_usd: 0,
      deadline: "",
      expires: "",
      host_key: "",
    },
    sinceMs,
  );
}

/** A VM is billed until its simulated world ended. Without a VM, the rental costs nothing. */
function settleAtWorldEnd(rental: RentalState, ms: number): RentalState {
  const goneMs = rental.goneMs ?? ms;
  const hours = rental.vmId === undefined ? 0 : hoursOf({ ...rental, goneMs }, goneMs);
  const settled = { hours, microUsd: hours * rental.priceMicroUsd };
  return { ...rental, stage: "settled", sinceMs: ms, goneMs, settled };
}
