import type { EventOf, Fact, SweepEvent } from "../journal/events.ts";

/** Passes that were begun and never came to an end: they are void, for this reason, and are run again. */
export function interruptedPasses(
  events: readonly SweepEvent[],
  reason = "the sweep was cut off in it",
): readonly Extract<Fact, { readonly type: "pass.void" }>[] {
  const running = new Map<string, EventOf<"pass.started">>();
  for (const event of events) {
    if (event.type === "pass.started") running.set(keyOf(event), event);
    else if (ENDS.has(event.type)) running.delete(keyOf(event as EventOf<"pass.void">));
  }
  return [...running.values()].map(({ label, model, pass }) => ({
    type: "pass.void",
    label,
    model,
    pass,
    reason,
  }));
}

const ENDS: ReadonlySet<string> = new Set(["pass.finished", "pass.failed", "pass.void"]);

function keyOf({ label, model }: { readonly label: string; readonly model: string }): string {
  return `${label} ${model}`;
}
