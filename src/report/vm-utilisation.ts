import type { EventType, SweepEvent } from "../journal/events.ts";

/** How a VM spent its time, in milliseconds. */
export interface VmTime {
  /** From the first create request until the machine was ready. */
  readonly setUpMs: number;
  /** Loading and warming up models of which a pass was sound. */
  readonly loadMs: number;
  /** Sound passes. */
  readonly measuringMs: number;
}

interface RunningTotals {
  setUpMs: number;
  loadMs: number;
  measuringMs: number;
  createdMs: number | undefined;
  /** When the current model began to load, or the current pass began. */
  loadingMs: number | undefined;
  /** Load time of the current model, which counts once one of its passes is sound. */
  unprovenLoadMs: number;
  passMs: number | undefined;
}

/** The useful time of each VM, by label, from the journal. A VM without a sound pass has none, not even its set-up. */
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
