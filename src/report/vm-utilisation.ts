import type { EventType, SweepEvent } from "../journal/events.ts";

/** What the time of a VM went into, milliseconds. */
export interface VmTime {
  /** From the sending of the create to the machine's readiness. */
  readonly setUpMs: number;
  /** Loading and warming the models that gave a sound pass. */
  readonly loadMs: number;
  /** Sound passes. */
  readonly measuringMs: number;
}

interface RunningTotals {
  setUpMs: number;
  loadMs: number;
  measuringMs: number;
  createdMs: number | undefined;
  /** Since when the present model loads, or the present pass runs. */
  loadingMs: number | undefined;
  /** Of the present model; counts once a pass of it was sound. */
  unprovenLoadMs: number;
  passMs: number | undefined;
}

/**
 * The useful time of each VM, by label, as the journal tells it. A VM without a sound pass has none: then its set-up
 * brought nothing either.
 */
export function usefulTime(events: Iterable<SweepEvent>): ReadonlyMap<string, VmTime> {
  const totalsByLabel = new Map<string, RunningTotals>();
  for (const event of events) {
    if (!("label" in event)) continue;
    const totals = totalsByLabel.get(event.label) ?? {
      setUpMs: 0,
      loadMs: 0,
      measuringMs: 0,
      createdMs: undefined,
      loadingMs: undefined,
      unprovenLoadMs: 0,
      passMs: undefined,
    };
    totalsByLabel.set(event.label, totals);
    STEPS[event.type]?.(totals, Date.parse(event.ts));
  }
  const nothing: VmTime = { setUpMs: 0, loadMs: 0, measuringMs: 0 };
  return new Map(
    [...totalsByLabel].map(([label, { setUpMs, loadMs, measuringMs }]) => [
      label,
      measuringMs === 0 ? nothing : { setUpMs, loadMs, measuringMs },
    ]),
  );
}

const STEPS: { readonly [T in EventType]?: (totals: RunningTotals, ms: number) => void } = {
  "create.sent": (totals, ms) => {
    totals.createdMs ??= ms;
  },
  "machine.ready": (totals, ms) => {
    totals.setUpMs = ms - (totals.createdMs ?? ms);
  },
  "server.starting": (totals, ms) => {
    totals.loadingMs = ms;
    totals.unprovenLoadMs = 0;
  },
  "pass.started": (totals, ms) => {
    totals.unprovenLoadMs += ms - (totals.loadingMs ?? ms);
    totals.loadingMs = undefined;
    totals.passMs = ms;
  },
  "pass.finished": (totals, ms) => {
    totals.measuringMs += ms - (totals.passMs ?? ms);
    totals.loadMs += totals.unprovenLoadMs;
    totals.unprovenLoadMs = 0;
    totals.passMs = undefined;
  },
};
