import { checkRegions } from "../estimate/check-regions.ts";
import type { Estimate } from "../estimate/estimate.ts";
import { estimatePlan } from "../estimate/estimate-plan.ts";
import type { Market } from "../estimate/market.ts";
import type { CoveragePlan } from "../plan/coverage-plan.ts";
import type { CloudTarget } from "./cloud-target.ts";
import { readMarket } from "./market.ts";
import { readDatabase } from "./read-records.ts";
import { SUITE_VERSION } from "../evidence/method.ts";
import { skipFresh } from "./skip-fresh.ts";

/** A plan with what it will cost; nothing but reads was needed for it. */
export interface Prepared {
  readonly plan: CoveragePlan;
  readonly estimate: Estimate;
  /** Prices and stock that it was estimated with. */
  readonly market: Market;
}

/** @throws SweepError exit 2 for a region that does not exist */
export async function prepare(
  plan: CoveragePlan,
  target: CloudTarget,
  options: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
  /** Of a run that goes on: when it began, what it has recorded since was not there. */
  begun?: { readonly run: string; readonly nowMs: number },
): Promise<Prepared> {
  const { apiUrl, token, clock } = target;
  const market = await readMarket({ apiUrl, token, clock, patienceMs: 15_000 }, signal);
  // A run that goes on may have a VM up: it must come to its end, whatever has become of a region.
  if (begun === undefined) checkRegions(plan, market);
  if (options["skipFresh"] !== true) return warned(plan, market, target);
  const stored = await readDatabase(target.databaseFile, target.stateDir);
  const records = stored.records.filter(
    ({ summary }) => begun === undefined || summary.run !== begun.run,
  );
  const nowMs = begun?.nowMs ?? target.clock.now();
  const wanted = skipFresh(plan, records, { suite: SUITE_VERSION, nowMs });
  return warned(wanted, market, target);
}

function warned(plan: CoveragePlan, market: Market, target: CloudTarget): Prepared {
  const estimate = estimatePlan(plan, market);
  const rented = estimate.rentals.flatMap(({ configurations }) => configurations);
  const gated = new Set(rented.filter(({ model }) => model.gated).map(({ model }) => model.id));
  if (target.hubToken || gated.size === 0) return { plan, estimate, market };
  const warning = `HF_TOKEN is not set: ${[...gated].join(", ")} will be refused after its VM is paid for`;
  return { plan, market, estimate: { ...estimate, warnings: [...estimate.warnings, warning] } };
}
