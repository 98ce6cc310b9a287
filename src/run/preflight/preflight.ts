import { checkAccount, explainCloudError } from "../../cloud/account-check.ts";
import { CloudError, type Account } from "../../cloud/cloud.ts";
import { checkBudget } from "../../estimate/check-budget.ts";
import type { Estimate } from "../../estimate/estimate.ts";
import { heldEstimate } from "../../estimate/held-estimate.ts";
import { HEARTBEAT, pendingHeartbeat } from "../../guard/heartbeat.ts";
import { NOTIFICATION } from "../../guard/notification.ts";
import { serviceUrl } from "../../guard/service-url.ts";
import { reaperWarning } from "../../guard/reaper-activity.ts";
import type { CoveragePlan } from "../../plan/coverage-plan.ts";
import { checkWritable } from "../../results/store/database-file.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import type { MicroUsd } from "../../support/money.ts";
import { openCloudTarget, type CloudTarget } from "../cloud-access/cloud-target.ts";
import { capAtWorst } from "./cap-at-worst.ts";
import { estimateRun } from "./estimate-run.ts";
import { loadPlan } from "./load-plan.ts";
import { callerCidr } from "../cloud-access/public-cidr.ts";
import type { PlannedRun, RunContext } from "../run-context.ts";
import type { CloudTargetRequest, RunRequest } from "../run-request.ts";
import { readSavedRun, type SavedRun } from "../run-folder/saved-run.ts";
import { tokenExpiryWarning } from "./token-expiry-warning.ts";
import { connectReader } from "../wire.ts";

/** A run that passed every check; nothing billable exists yet. */
export interface Preflight extends PlannedRun {
  readonly request: RunRequest;
  readonly target: CloudTarget;
  readonly account: Account;
  readonly cap: MicroUsd;
  /** Address ranges from which the VMs can be reached. */
  readonly sshCidrs: readonly string[];
  /** The address of a dead-man service. */
  readonly heartbeat: string | undefined;
  /** The address that is notified when the run has ended. */
  readonly notify: string | undefined;
  /** Set if a run is resumed. */
  readonly saved: SavedRun | undefined;
  /** Warnings to show before the run begins. */
  readonly warnings: readonly string[];
}

/** Every check passed, and there is nothing to run. */
export interface NothingToDo {
  readonly nothingToDo: string;
  readonly warnings: readonly string[];
}

/** Short, because the user is waiting and nothing is billed yet. */
const ACCOUNT_PATIENCE_MS = 15_000;

/** The work of a run, as known without the cloud. */
interface Work {
  readonly plan: CoveragePlan;
  readonly cap: MicroUsd;
  readonly cloud: CloudTargetRequest;
  readonly saved: SavedRun | undefined;
}

/**
 * Runs all checks that are possible before money is spent: the plan, the token and its scopes, prices, the cap, the
 * caller's address, the database. Prints only the estimate's warnings, if the budget refuses the run. The caller releases the simulated cloud of the result.
 * @throws SweepError if a check fails; the reason of the stop signal
 */
export async function preflight(
  request: RunRequest,
  context: RunContext,
): Promise<Preflight | NothingToDo> {
  const work = await readWork(request, context);
  if ("nothingToDo" in work) return work;
  const target = await openCloudTarget(work.cloud, context.env, true);
  try {
    const result = await check(work, target, request, context);
    if ("nothingToDo" in result) target.simulated?.release();
    return result;
  } catch (error) {
    target.simulated?.release();
    throw error;
  }
}

async function readWork(request: RunRequest, context: RunContext): Promise<Work | NothingToDo> {
  const { cloud, subject } = request;
  if (subject.kind === "resume") {
    const saved = await readSavedRun(subject.run, request, context);
    if (saved.complete) {
      const nothingToDo = `nothing is left to do in run ${saved.run}: every pass has its record`;
      return { nothingToDo, warnings: [] };
    }
    return { plan: saved.plan, cap: saved.cap, cloud: saved.cloud, saved };
  }
  const plan = await loadPlan(subject.source, request, context);
  const cap = plan.budget.maxCost;
  if (cap === undefined) {
    throw new SweepError("the plan has no cap", {
      exitCode: ExitCode.usage,
      reason: "the cap is the consent to spend",
      hint: "add budget.max_cost to the plan, or give --max-cost USD",
    });
  }
  return { plan, cap, cloud, saved: undefined };
}

async function check(
  { cap: givenCap, plan: asked, saved }: Work,
  target: CloudTarget,
  request: RunRequest,
  { env, reporter, signals: { stop } }: RunContext,
): Promise<Preflight | NothingToDo> {
  const { skipFresh, subject } = request;
  await checkWritable(target.databaseFile);
  const heartbeat =
    serviceUrl(HEARTBEAT, request.heartbeatUrl, env, target.apiUrl) ??
    (saved === undefined ? undefined : pendingHeartbeat(saved.folder));
  const notify =
    subject.kind === "hold"
      ? undefined
      : serviceUrl(NOTIFICATION, request.notifyUrl, env, target.apiUrl);
  const account = await readAccount(target, stop);
  const found = await estimateRun(
    asked,
    target,
    skipFresh || saved?.settings.skipFresh === true,
    stop,
    saved === undefined ? undefined : { run: saved.run, nowMs: saved.openedMs },
  );
  const lowersCap = saved === undefined && request.capAtWorst === true;
  const { plan, estimate: planned } = lowersCap ? capAtWorst(found) : found;
  const cap = (lowersCap ? plan.budget.maxCost : undefined) ?? givenCap;
  const estimate =
    subject.kind === "hold" ? heldEstimate(planned, cap, plan.budget.maxHoursPerRental) : planned;
  // A resumed run may have VMs to destroy.
  if (estimate.rentals.length === 0 && saved === undefined) {
    const nothingToDo = "nothing to do: everything in the plan is fresh or skipped";
    return { nothingToDo, warnings: estimate.warnings };
  }
  // The budget of a resumed run is checked against its ledger, before each reservation.
  if (saved === undefined) {
    try {
      checkBudget(estimate, cap, plan.budget);
    } catch (error) {
      // They may explain the refusal, for example with prices that are only the built-in ones.
      for (const warning of estimate.warnings) reporter.warn(warning);
      throw error;
    }
  }
  const tokenEnds = await tokenExpiryWarning(target, estimate, plan.concurrency, stop);
  return {
    request,
    target,
    account,
    plan,
    estimate,
    cap,
    sshCidrs: [await sshCidr(plan, target, stop)],
    heartbeat,
    notify,
    saved,
    warnings: [
      ...estimate.warnings,
      ...(tokenEnds === undefined ? [] : [tokenEnds]),
      ...reaperWarnings(estimate, cap, target),
    ],
  };
}

/** Reads the account and checks the token's scopes. @throws SweepError exit 4 */
async function readAccount(target: CloudTarget, signal: AbortSignal): Promise<Account> {
  try {
    const reader = connectReader(target, ACCOUNT_PATIENCE_MS * target.ceilings);
    const account = await reader.account(signal);
    checkAccount(account);
    return account;
  } catch (error) {
    throw error instanceof CloudError ? explainCloudError(error, "read the account") : error;
  }
}

/** The range in the plan, else our public address. @throws SweepError exit 4 if the address cannot be found out */
export async function sshCidr(
  plan: Pick<CoveragePlan, "sshCidr">,
  target: Pick<CloudTarget, "apiUrl" | "simulated">,
  signal: AbortSignal,
): Promise<string> {
  return plan.sshCidr ?? callerCidr(target, signal);
}

function reaperWarnings(
  estimate: Estimate,
  cap: MicroUsd,
  { clock, simulated, stateDir }: CloudTarget,
): readonly string[] {
  if (simulated !== undefined) return [];
  const worst = Math.min(cap, estimate.worst.micros);
  const warning = reaperWarning(worst, stateDir, clock.now());
  return warning === undefined ? [] : [warning];
}
