import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { estimatePlan } from "../estimate/estimate-plan.ts";
import { builtInMarket } from "../estimate/market.ts";
import { SUITE_VERSION } from "../evidence/method.ts";
import type { BenchmarkRecord } from "../evidence/record.ts";
import type { Offer, PairOffer, RefreshOffer } from "../report/offer-lines.ts";
import { usd } from "../support/money.ts";
import { rebenchPlan, type PlanDefaults, type RebenchRequest } from "../sweep/rebench-plan.ts";
import { planFromText } from "./load-plan.ts";

/** What `rebench` takes from `plans/refresh.yaml`. */
export async function refreshDefaults(): Promise<PlanDefaults> {
  const text = await readFile(new URL("../../plans/refresh.yaml", import.meta.url), "utf8");
  return parse(text) as PlanDefaults;
}

/** Each has a price of its own only up to here: who has more will take the one command for all. */
const PRICED = 8;

/** What would refresh that which is stale: the entries of the plan that `rebench --stale` makes, with prices. */
export async function refreshOffer(
  records: readonly BenchmarkRecord[],
  nowMs: number,
  staleAfterDays: number,
): Promise<RefreshOffer> {
  const request = await requestFor(records, nowMs, staleAfterDays);
  const made = rebenchPlan(request);
  return {
    entries: made.stale.map((one, index) => ({
      ...pairOffer(request, one, index < PRICED),
      reasons: one.reasons,
    })),
    all: offerOf(made.text, "maider-sweep rebench --stale"),
    left: made.left,
  };
}

/** What measuring these pairs once more would cost. */
export async function rebenchOffers(
  records: readonly BenchmarkRecord[],
  pairs: readonly { readonly gpu: string; readonly model: string }[],
  nowMs: number,
): Promise<readonly PairOffer[]> {
  const request = await requestFor(records, nowMs, Infinity);
  return pairs.map((pair) => pairOffer(request, pair, true));
}

async function requestFor(
  records: readonly BenchmarkRecord[],
  nowMs: number,
  staleAfterDays: number,
): Promise<RebenchRequest> {
  return {
    records,
    defaults: await refreshDefaults(),
    suite: SUITE_VERSION,
    nowMs,
    staleAfterDays,
  };
}

function pairOffer(
  request: RebenchRequest,
  { gpu, model }: { readonly gpu: string; readonly model: string },
  priced: boolean,
): PairOffer {
  const command = `maider-sweep rebench --gpu ${shellWord(gpu)} --model ${shellWord(model)}`;
  if (!priced) return { gpu, model, offer: undefined, obstacle: undefined };
  const made = rebenchPlan({ ...request, only: { gpu, model } });
  return {
    gpu,
    model,
    offer: offerOf(made.text, command),
    obstacle: made.left.flatMap(({ reasons }) => reasons)[0],
  };
}

/** By the built-in prices: who reads waits for no network. */
function offerOf(text: string | undefined, command: string): Offer | undefined {
  if (text === undefined) return undefined;
  const { likely, worst, rentals } = estimatePlan(
    planFromText(text, "<rebench>", {}),
    builtInMarket(),
  );
  if (rentals.length === 0) return undefined;
  return { command, likelyUsd: usd(likely.micros), worstUsd: usd(worst.micros) };
}

/** One word for a shell, whatever a record says. */
function shellWord(text: string): string {
  return /^[\w./:@+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
