import { readFileSync } from "node:fs";
import type { DrillCase } from "../../src/drill/drill-case.ts";
import { DRILL_FAULTS } from "../../src/drill/faults.ts";
import type { EventType } from "../../src/journal/events.ts";
import { UNWRITTEN, WAYS } from "./ways.ts";

const EVENTS = new URL("../../src/journal/events.ts", import.meta.url);
const WHENS = ["before", "after"] as const;
const GUARDS = ["alive", "killed"] as const;

/** Every type of fact, read from the source: what is the list of crash points. */
export function factTypes(): readonly EventType[] {
  const text = readFileSync(EVENTS, "utf8");
  const facts = text.slice(text.indexOf("interface Facts"), text.indexOf("export type EventType"));
  return [...facts.matchAll(/^ {2}"([a-z_]+\.[a-z_]+)":/gm)].map(([, type]) => type as EventType);
}

export const POINTS: readonly EventType[] = (Object.keys(WAYS) as EventType[]).filter(
  (type) => !UNWRITTEN.includes(type),
);

/**
 * Every point, before and after, with and without the guard, under every fault; first a half that has every pair of
 * these, should the rest be cut off.
 */
export const WHOLE_MATRIX: readonly DrillCase[] = POINTS.flatMap((point, one) =>
  WHENS.flatMap((when, two) =>
    GUARDS.flatMap((guard, three) =>
      DRILL_FAULTS.map((fault, four) => ({
        half: (one + two + three + four) % 2,
        drill: { point, when, guard, fault },
      })),
    ),
  ),
)
  .toSorted((a, b) => a.half - b.half)
  .map(({ drill }) => drill);

/**
 * Each point before and after, once with and once without the guard, the faults going round so that each meets each
 * of those four.
 */
export const COVERING_CASES: readonly DrillCase[] = POINTS.flatMap((point, index) =>
  WHENS.map((when, early) => {
    const guard = (index + early) % 2 === 0 ? "alive" : "killed";
    const place = index * 2 + early + Math.floor(index / DRILL_FAULTS.length);
    return { point, when, guard, fault: DRILL_FAULTS[place % DRILL_FAULTS.length] ?? "no fault" };
  }),
);

const RECOVERY: readonly EventType[] = [
  "run.adopted",
  "destroy.intended",
  "destroy.sent",
  "destroy.unseen",
  "rental.gone",
  "rental.settled",
  "firewall.gone",
  "run.closed",
];

/** What a recovery writes: it may die too, and the next one goes on. */
export const RECOVERY_CASES: readonly DrillCase[] = RECOVERY.flatMap((point, index) =>
  WHENS.map((when, early) => ({
    point,
    when,
    guard: "killed",
    fault: DRILL_FAULTS[(index * 2 + early) % DRILL_FAULTS.length] ?? "no fault",
  })),
);
