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

interface SalvagedPlan {
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
  const drafts = new Map<string, SalvagedPlan>();
  for (const event of events) {
    if (!("label" in event)) continue;
    const draft = drafts.get(event.label) ?? {
      setUpMs: 0,
      loadMs: 0,
      measuringMs: 0,
      createdMs: undefined,
      loadingMs: undefined,
      unprovenLoadMs: 0,
      passMs: undefined,
    };
    drafts.set(event.label, draft);
    STEPS[event.type]?.(draft, Date.parse(event.ts));
  }
  const nothing: VmTime = { setUpMs: 0, loadMs: 0, measuringMs: 0 };
  return new Map(
    [...drafts].map(([label, { setUpMs, loadMs, measuringMs }]) => [
      label,
      measuringMs === 0 ? nothing : { setUpMs, loadMs, measuringMs },
    ]),
  );
}

const STEPS: { readonly [T in EventType]?: (draft: SalvagedPlan, ms: number) => void } = {
  "create.sent": (draft, ms) => {
    draft.createdMs ??= ms;
  },
  "machine.ready": (draft, ms) => {
    draft.setUpMs = ms - (draft.createdMs ?? ms);
  },
  "server.starting": (draft, ms) => {
    draft.loadingMs = ms;
    draft.unprovenLoadMs = 0;
  },
  "pass.started": (draft, ms) => {
    draft.unprovenLoadMs += ms - (draft.loadingMs ?? ms);
    draft.loadingMs = undefined;
    draft.passMs = ms;
  },
  "pass.finished": (draft, ms) => {
    draft.measuringMs += ms - (draft.passMs ?? ms);
    draft.loadMs += draft.unprovenLoadMs;
    draft.unprovenLoadMs = 0;
    draft.passMs = undefined;
  },
};
