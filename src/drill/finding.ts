import type { EventOf, EventType, SweepEvent } from "../journal/events.ts";
import type { Configuration } from "../plan/coverage-plan.ts";
import type { CheckNumber, LiveEvidence } from "./live-evidence.ts";

/** The result of one check of docs/live-checklist.md. */
export interface Finding {
  readonly number: CheckNumber;
  readonly check: string;
  /** `not shown`: the run did not get so far, or the token may not read it. */
  readonly state: "as expected" | "differs" | "not shown";
  /** What our code and the simulated cloud assume. */
  readonly expected: string;
  readonly seen: string;
  /** What to change; only where it differs. */
  readonly change?: string;
}

/** What the probes of one VM and the run's journal have recorded. */
export interface RunEvidence {
  readonly evidence: LiveEvidence;
  /** All of the run. */
  readonly events: readonly SweepEvent[];
}

/** One assumption of a check, and what was seen of it. */
export interface Aspect {
  /** Undefined = not seen. */
  readonly holds: boolean | undefined;
  readonly seen: string;
  /** What to change if it does not hold. */
  readonly change: string;
}

/** A finding of several assumptions: it differs if one of them does not hold, and is shown if one was seen. */
export function finding(
  { number, check, expected }: Pick<Finding, "number" | "check" | "expected">,
  aspects: readonly Aspect[],
  { evidence, events }: RunEvidence,
): Finding {
  const seen = aspects.filter(({ holds }) => holds !== undefined);
  const wrong = seen.filter(({ holds }) => holds === false);
  const base = { number, check, expected };
  const failure = evidence.failures[number];
  if (seen.length < aspects.length && wrong.length === 0) {
    const missing = failure ?? rentalFailure(events) ?? "the run did not get so far";
    const texts = [...seen.map((aspect) => aspect.seen), missing];
    return { ...base, state: "not shown", seen: texts.join("; ") };
  }
  const text = seen.map((aspect) => aspect.seen).join("; ");
  if (wrong.length === 0) return { ...base, state: "as expected", seen: text };
  const change = wrong.map((aspect) => aspect.change).join(" ");
  return { ...base, state: "differs", seen: text, change };
}

/** The events of the probed VM; of the first one, if none could be probed. */
export function eventsOfVm({ evidence, events }: RunEvidence): readonly SweepEvent[] {
  const first = events.find((event) => event.type === "rental.reserved");
  const label = evidence.label ?? (first?.type === "rental.reserved" ? first.label : "");
  return events.filter((event) => "label" in event && event.label === label);
}

export function findEvent<T extends EventType>(
  events: readonly SweepEvent[],
  type: T,
): EventOf<T> | undefined {
  return events.find((event): event is EventOf<T> => event.type === type);
}

export function findLastEvent<T extends EventType>(
  events: readonly SweepEvent[],
  type: T,
): EventOf<T> | undefined {
  return events.findLast((event): event is EventOf<T> => event.type === type);
}

/** Undefined unless both are there. */
export function secondsBetween(
  from: SweepEvent | undefined,
  to: SweepEvent | undefined,
): number | undefined {
  if (from === undefined || to === undefined) return undefined;
  return (Date.parse(to.ts) - Date.parse(from.ts)) / 1000;
}

export function secondsText(seconds: number): string {
  return `${seconds.toFixed(0)} s`;
}

/** The model's name without its owner. */
export function modelName(configuration: Configuration | undefined, unknown: string): string {
  return configuration?.model.id.split("/").at(-1) ?? unknown;
}

function rentalFailure(events: readonly SweepEvent[]): string | undefined {
  return findLastEvent(events, "rental.failed")?.reason;
}
