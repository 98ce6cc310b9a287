import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import type { Estimate, PlannedRental } from "../../estimate/estimate.ts";
import { estimatePlan } from "../../estimate/estimate-plan.ts";
import { builtInMarket } from "../../estimate/market.ts";
import { SUITE_VERSION } from "../../evidence/method.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import type { Offer, PairOffer, RebenchCost } from "../../estimate/rebench-cost.ts";
import { SweepError } from "../../support/errors.ts";
import { usd } from "../../support/money.ts";
import { shellWord } from "../../support/shell-word.ts";
import { buildRefreshPlan, type PlanDefaults, type RefreshRequest } from "./build-refresh-plan.ts";
import { planFromText } from "../preflight/load-plan.ts";

/** The parsed `plans/refresh.yaml`. */
export async function refreshDefaults(): Promise<PlanDefaults> {
  const text = await readFile(new URL("../../../plans/refresh.yaml", import.meta.url), "utf8");
  return parse(text) as PlanDefaults;
}

/** The entries of the plan that `rebench --stale` would run, with their costs. */
export async function refreshCost(
  records: readonly BenchmarkRecord[],
  nowMs: number,
  staleAfterDays: number,
): Promise<RebenchCost> {
  const made = buildRefreshPlan(await requestFor(records, nowMs, staleAfterDays));
  const estimate = estimateOf(made.text);
  const entries = [...Map.groupBy(made.stale, ({ gpu }) => gpu)].map(([gpu, configurations]) => {
    const rentals = estimate?.rentals.filter(({ gpuId }) => gpuId === gpu) ?? [];
    const command = `maider-sweep rebench --stale --only ${shellWord(gpu)}`;
    return { gpu, configurations, offer: offerOf(rentals, command) };
  });
  return {
    entries,
    all: offerOf(estimate?.rentals ?? [], "maider-sweep rebench --stale"),
    left: [
      ...made.left,
      ...(estimate?.skipped ?? []).map(({ reason, ...pair }) => ({ ...pair, reasons: [reason] })),
    ],
  };
}

/** The cost of measuring each pair again. */
export async function pairOffers(
  records: readonly BenchmarkRecord[],
  pairs: readonly { readonly gpu: string; readonly model: string }[],
  nowMs: number,
): Promise<readonly PairOffer[]> {
  const request = await requestFor(records, nowMs, Infinity);
  return pairs.map((pair) => pairOffer(request, pair));
}

async function requestFor(
  records: readonly BenchmarkRecord[],
  nowMs: number,
  staleAfterDays: number,
): Promise<RefreshRequest> {
  return {
    records,
    defaults: await refreshDefaults(),
    suite: SUITE_VERSION,
    nowMs,
    staleAfterDays,
  };
}

function pairOffer(
  request: RefreshRequest,
  { gpu, model }: { readonly gpu: string; readonly model: string },
): PairOffer {
  const made = buildRefreshPlan({ ...request, only: { gpu, model } });
  const command = `maider-sweep rebench --gpu ${shellWord(gpu)} --model ${shellWord(model)}`;
  return {
    gpu,
    model,
    offer: offerOf(estimateOf(made.text)?.rentals ?? [], command),
    obstacle: made.left.flatMap(({ reasons }) => reasons)[0],
  };
}

/** Uses the built-in prices, so that a query does not wait for the network. Undefined if no model fits its GPUs. */
function estimateOf(text: string | undefined): Estimate | undefined {
  if (text === undefined) return undefined;
  try {
    return estimatePlan(planFromText(text, "<rebench>", {}), builtInMarket());
  } catch (error) {
    if (error instanceof SweepError) return undefined;
    throw error;
  }
}

function offerOf(rentals: readonly PlannedRental[], command: string): Offer | undefined {
  if (rentals.length === 0) return undefined;
  const dollars = (pace: "likely" | "worst"): number =>
    usd(rentals.reduce((sum, rental) => sum + rental[pace].micros, 0));
  return { command, likelyUsd: dollars("likely"), worstUsd: dollars("worst") };
}
