import { GPU_TYPES } from "../catalog/gpu-catalog.ts";
import type { CloudReader } from "../cloud/cloud.ts";
import { estimatePlan, longestMinutes } from "../estimate/estimate-plan.ts";
import type { CoveragePlan } from "../plan/coverage-plan.ts";
import { openCloudTarget, type CloudTarget } from "../run/cloud-access/cloud-target.ts";
import { readMarket } from "../run/preflight/read-market.ts";
import { sshCidr } from "../run/preflight/preflight.ts";
import type { CloudTargetRequest } from "../run/run-request.ts";
import { connectReader, legacyInterfacesAllowed, tokenExpiry } from "../run/wire.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { apiNow } from "../teardown/api-time.ts";
import { ok, type Check } from "./check.ts";
import {
  checkExpiry,
  checkInterfaces,
  checkLimits,
  checkMarket,
  checkToken,
  failedCheck,
  type PlanDuration,
} from "./cloud-checks.ts";
import { checkHub } from "./hub-check.ts";
import { checkClock, checkDatabase, checkNode, checkReaper, checkState } from "./local-checks.ts";

const PATIENCE_MS = 15_000;

/** Checks whether a run would succeed, without changing anything. @param plan undefined checks all GPU types */
export async function runChecks(
  plan: CoveragePlan | undefined,
  request: CloudTargetRequest,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const { target, tokenFailure } = await openTarget(request, env);
  try {
    const reading = (token: string | undefined): CloudReader =>
      connectReader({ ...target, token }, PATIENCE_MS);
    const token = tokenFailure ?? (await checkToken(reading(target.token), signal));
    // The API refuses a bad token even for requests that need no token.
    const reader = reading(token.state === "ok" ? target.token : undefined);
    const market = await checkMarket(reader, wantedTypes(plan), signal);
    return [
      checkNode(process.version),
      checkClock(reader.clockOffsetMs(), target.clock.speed),
      checkState(target.stateDir),
      await checkDatabase(target.databaseFile),
      token,
      ...(token.state === "ok" ? await checkWithToken(plan, target, reader, signal) : []),
      ...market,
      await checkHub(plan, request, env, signal),
      await checkPublicAddress(plan, target, signal),
      checkReaper(target.stateDir, target.clock.now()),
    ];
  } finally {
    target.simulated?.release();
  }
}

async function checkWithToken(
  plan: CoveragePlan | undefined,
  target: CloudTarget,
  reader: CloudReader,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const { clock } = target;
  const duration = plan === undefined ? undefined : await planDuration(plan, target, signal);
  const now = apiNow({ cloud: reader, clock });
  const limits = await checkLimits(reader, plan?.concurrency, now, signal);
  return [
    await orExplained("token expiry", "read when the token expires", signal, async () =>
      checkExpiry(await tokenExpiry(target, PATIENCE_MS, signal), clock.now(), duration),
    ),
    await orExplained("interfaces", "read the account's settings", signal, async () =>
      checkInterfaces(await legacyInterfacesAllowed(target, PATIENCE_MS, signal)),
    ),
    limits,
  ];
}

/** The check, or the failure to make it as one. @param doing completes "Could not …" */
async function orExplained(
  name: string,
  doing: string,
  signal: AbortSignal,
  check: () => Promise<Check>,
): Promise<Check> {
  try {
    return await check();
  } catch (error) {
    signal.throwIfAborted();
    return failedCheck(name, error, doing);
  }
}

async function planDuration(
  plan: CoveragePlan,
  target: CloudTarget,
  signal: AbortSignal,
): Promise<PlanDuration> {
  const estimate = estimatePlan(plan, await readMarket(target, signal));
  return {
    likelyMinutes: estimate.wallMinutes,
    worstMinutes: longestMinutes(estimate, plan.concurrency),
  };
}

function wantedTypes(plan: CoveragePlan | undefined): ReadonlyMap<string, readonly string[]> {
  if (plan === undefined) return new Map(GPU_TYPES.map(({ id }) => [id, []]));
  return new Map(
    plan.entries.map(({ gpu, regions }) => [gpu.id, regions.length > 0 ? regions : plan.regions]),
  );
}

/** Continues without a token when the token file or secret cannot be read, so that the other checks still run. */
async function openTarget(
  request: CloudTargetRequest,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly target: CloudTarget; readonly tokenFailure: Check | undefined }> {
  try {
    return { target: await openCloudTarget(request, env, false), tokenFailure: undefined };
  } catch (error) {
    const isTokenFailure =
      error instanceof SweepError &&
      error.exitCode === ExitCode.provider &&
      request.simulate === undefined;
    if (!isTokenFailure) throw error;
    return {
      target: await openCloudTarget({ ...request, tokenFile: undefined }, env, false),
      tokenFailure: failedCheck("token", error, "read the token"),
    };
  }
}

/** The firewall admits SSH from this address only. */
async function checkPublicAddress(
  plan: CoveragePlan | undefined,
  target: CloudTarget,
  signal: AbortSignal,
): Promise<Check> {
  try {
    const cidr = plan?.sshCidr ?? (await sshCidr({ sshCidr: undefined }, target, signal));
    return ok("public address", cidr);
  } catch (error) {
    signal.throwIfAborted();
    return failedCheck("public address", error, "find out the public address");
  }
}
