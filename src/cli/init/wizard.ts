import type { Estimate } from "../../estimate/estimate.ts";
import { estimatePlan } from "../../estimate/estimate-plan.ts";
import type { Market } from "../../estimate/market.ts";
import { formatUsd } from "../../support/money.ts";
import { planFromText } from "../../run/preflight/load-plan.ts";
import { countText } from "../../support/count-text.ts";
import { draftText, type PlanDraft } from "./plan-draft.ts";
import type { Questions } from "./ask.ts";

type Step = "gpus" | "work" | "models" | "passes" | "maxCost" | "packing" | "write" | "leave";

/**
 * Asks for what the draft lacks, shows after each answer what the plan would take and cost, and lets everything be
 * changed until the plan is written or given up. @returns undefined when it is given up
 */
export async function wizard(
  start: PlanDraft,
  market: Market,
  ask: Questions,
  print: (text: string) => void,
): Promise<PlanDraft | undefined> {
  let draft = start;
  const estimate = (changed: PlanDraft): Estimate | undefined =>
    changed.gpus.length === 0 || changed.models.length === 0
      ? undefined
      : estimatePlan(planFromText(draftText(changed, "/"), "<init>", {}), market);
  const answered = async (step: Promise<PlanDraft>): Promise<void> => {
    draft = await step;
    const now = estimate(draft);
    if (now !== undefined) print(`  ${summary(now, draft)}\n`);
  };
  if (draft.gpus.length === 0) await answered(ask.gpus(draft));
  if (draft.suites === undefined) await answered(ask.work(draft));
  if (draft.models.length === 0) await answered(ask.models(draft));
  if (draft.passes === undefined) await answered(ask.passes(draft));
  if (draft.maxCost === undefined) await answered(ask.maxCost(draft, enough(estimate(draft))));
  for (;;) {
    if (draft.models.length === 0) await answered(ask.models(draft));
    const other = { ...draft, packing: otherPacking(draft) };
    const step = await ask.choose<Step>("And now?", [
      { value: "write", name: "write the plan" },
      { value: "gpus", name: `change GPU types (${String(draft.gpus.length)})` },
      { value: "work", name: "change the work" },
      { value: "models", name: `change models (${String(draft.models.length)})` },
      { value: "passes", name: `change passes (${String(draft.passes ?? 3)})` },
      { value: "maxCost", name: `change the cap (${formatUsd((draft.maxCost ?? 0) * 1e6)})` },
      {
        value: "packing",
        name: `change packing (${draft.packing}); ${other.packing}: ${briefly(estimate(other))}`,
      },
      { value: "leave", name: "leave, and write nothing" },
    ]);
    if (step === "write") return draft;
    if (step === "leave") return undefined;
    if (step === "packing") await answered(Promise.resolve(other));
    else if (step === "maxCost") await answered(ask.maxCost(draft, enough(estimate(draft))));
    else await answered(ask[step](draft));
  }
}

/** One line: what would be rented, for how long, for how much. */
function summary(estimate: Estimate, { maxCost }: PlanDraft): string {
  const { rentals, likely, worst, wallMinutes, skipped } = estimate;
  const left =
    skipped.length === 0 ? "" : `, ${countText(skipped.length, "pair")} left out as too large`;
  return `${countText(rentals.length, "VM")}, about ${String(Math.round(wallMinutes))} min, likely ${formatUsd(likely.micros)}, at worst ${formatUsd(worst.micros)}${left}${capNote(estimate, maxCost)}`;
}

function capNote({ rentals, likely, worst }: Estimate, maxCost: number | undefined): string {
  if (maxCost === undefined || maxCost * 1e6 >= worst.micros) return "";
  const cheapest = Math.min(...rentals.map((rental) => rental.worst.micros));
  if (maxCost * 1e6 < cheapest)
    return `; the cap is too low for any entry: the cheapest reserves ${formatUsd(cheapest)}`;
  return maxCost * 1e6 >= likely.micros
    ? "; below the worst case: entries may wait for each other"
    : "; the cap is below the likely cost: not all will run";
}

function briefly(estimate: Estimate | undefined): string {
  if (estimate === undefined) return "";
  return `${countText(estimate.rentals.length, "VM")}, likely ${formatUsd(estimate.likely.micros)}`;
}

function otherPacking({ packing }: PlanDraft): PlanDraft["packing"] {
  return packing === "per-entry" ? "fill-hours" : "per-entry";
}

/** Whole dollars that refuse nothing and make nothing wait. */
function enough(estimate: Estimate | undefined): number {
  return estimate === undefined ? 10 : Math.ceil(estimate.worst.micros / 1e6);
}
