import { checkRegions } from "../../estimate/check-regions.ts";
import { comparePackings, type PackingCost } from "../../estimate/compare-packings.ts";
import { estimatePlan } from "../../estimate/estimate-plan.ts";
import type { Estimate } from "../../estimate/estimate.ts";
import type { Market } from "../../estimate/market.ts";
import { SUITE_VERSION } from "../../evidence/method.ts";
import type { CoveragePlan } from "../../plan/coverage-plan.ts";
import { openCloudTarget, type CloudTarget } from "../cloud-access/cloud-target.ts";
import { capAtWorst } from "./cap-at-worst.ts";
import { readMarket } from "./read-market.ts";
import { timeTcpConnect, withRoundTrips } from "./region-round-trips.ts";
import { readDatabase } from "../records/read-database.ts";
import type { PlannedRun, RunContext } from "../run-context.ts";
import type { PlanRequest } from "../run-request.ts";
import { skipFresh } from "./skip-fresh.ts";

/** A plan with its estimate. */
export interface EstimatedRun extends PlannedRun {
  /** The prices and stock of the estimate. */
  readonly market: Market;
}

/** Identifies a resumed run: freshness is evaluated as of its start and without its own records. */
interface ResumedRun {
  readonly run: string;
  readonly nowMs: number;
}

/** Estimates a plan. It uses a read-only cloud client, so it cannot create anything. */
export async function dryRun(
  plan: CoveragePlan,
  request: PlanRequest,
  { env, signals }: Pick<RunContext, "env" | "signals">,
): Promise<EstimatedRun & { readonly packings: readonly PackingCost[] }> {
  const target = await openCloudTarget(request.cloud, env, false);
  try {
    const found = await estimateRun(plan, target, request.skipFresh, signals.stop);
    const estimated = request.capAtWorst === true ? capAtWorst(found) : found;
    return { ...estimated, packings: comparePackings(estimated.plan, estimated.market) };
  } finally {
    target.simulated?.release();
  }
}

/** @throws SweepError exit 2 for a region that does not exist */
export async function estimateRun(
  plan: CoveragePlan,
  target: CloudTarget,
  onlyStale: boolean,
  signal: AbortSignal,
  resumed?: ResumedRun,
): Promise<EstimatedRun> {
  const read = await readMarket(target, signal);
  const market = await withRoundTrips(read, plan, target, timeTcpConnect(), signal);
  // A resumed run may have a VM to destroy, even if its region no longer exists.
  if (resumed === undefined) checkRegions(plan, market);
  const toRun = onlyStale ? await withoutFresh(plan, target, resumed) : plan;
  return { plan: toRun, market, estimate: withTokenWarning(estimatePlan(toRun, market), target) };
}

async function withoutFresh(
  plan: CoveragePlan,
  { clock, databaseFile: file, stateDir }: CloudTarget,
  resumed: ResumedRun | undefined,
): Promise<CoveragePlan> {
  const stored = await readDatabase({ file, stateDir });
  const records = stored.records.filter(({ summary }) => summary.run !== resumed?.run);
  return skipFresh(plan, records, { suite: SUITE_VERSION, nowMs: resumed?.nowMs ?? clock.now() });
}

function withTokenWarning(estimate: Estimate, target: CloudTarget): Estimate {
  const rented = estimate.rentals.flatMap(({ configurations }) => configurations);
  const gated = new Set(rented.filter(({ model }) => model.gated).map(({ model }) => model.id));
  if (target.hasHubToken || gated.size === 0) return estimate;
  const warning = `HF_TOKEN is not set: ${[...gated].join(", ")} will be refused after its VM is paid for`;
  return { ...estimate, warnings: [...estimate.warnings, warning] };
}
