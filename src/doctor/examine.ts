import { GPU_TYPES } from "../catalog/gpu-catalog.ts";
import type { CloudReader } from "../cloud/cloud.ts";
import { estimatePlan, longestMinutes } from "../estimate/estimate-plan.ts";
import type { CoveragePlan } from "../plan/coverage-plan.ts";
import { openCloudTarget, type CloudTarget } from "../run/cloud-access/cloud-target.ts";
import { readMarket } from "../run/preflight/read-market.ts";
import { sshCidr } from "../run/preflight/preflight.ts";
import type { CloudTargetRequest } from "../run/run-request.ts";
import { connectReader, tokenExpiry } from "../run/wire.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { apiNow } from "../teardown/api-time.ts";
import { ok, problem, type Check } from "./check.ts";
import { checkExpiry, checkLimits, checkMarket, checkToken, explained } from "./cloud-checks.ts";
import { checkHub } from "./hub-check.ts";
import { checkClock, checkDatabase, checkNode, checkReaper, checkState } from "./local-checks.ts";

const PATIENCE_MS = 15_000;

/** Whether a run would succeed; reads only. @param plan also checks what this plan needs */
export async function examine(
  plan: CoveragePlan | undefined,
  request: CloudTargetRequest,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const { target, tokenFailure } = await openOrReport(request, env);
  try {
    const reading = (token: string | undefined): CloudReader =>
      connectReader({ ...target, token }, PATIENCE_MS);
    const token = tokenFailure ?? (await checkToken(reading(target.token), signal));
    // A bad token spoils even what needs none.
    const reader = reading(token.state === "ok" ? target.token : undefined);
    const market = await checkMarket(reader, wantedTypes(plan), signal);
    return [
      checkNode(process.version),
      checkClock(reader.clockOffsetMs(), target.clock.speed),
      checkState(target.stateDir),
      await checkDatabase(target.databaseFile),
      token,
      ...(token.state === "ok" ? await checksWithToken(plan, target, reader, signal) : []),
      ...market,
      await checkHub(plan, request, env, signal),
      await checkAddress(plan, target, signal),
      checkReaper(target.stateDir, target.clock.now()),
    ];
  } finally {
    target.simulated?.release();
  }
}

/** What can only be read with a valid token. */
async function checksWithToken(
  plan: CoveragePlan | undefined,
  target: CloudTarget,
  reader: CloudReader,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const { clock } = target;
  const estimate =
    plan === undefined ? undefined : estimatePlan(plan, await readMarket(target, signal));
  const length =
    estimate === undefined
      ? undefined
      : {
          likelyMinutes: estimate.wallMinutes,
          worstMinutes: longestMinutes(estimate, plan?.concurrency ?? 1),
        };
  const now = apiNow({ cloud: reader, clock });
  const limits = await checkLimits(reader, plan?.concurrency, now, signal);
  try {
    const expiry = await tokenExpiry(target, PATIENCE_MS, signal);
    return [checkExpiry(expiry, clock.now(), length), limits];
  } catch (error) {
    signal.throwIfAborted();
    return [explained("token expiry", error, "read when the token ends"), limits];
  }
}

function wantedTypes(plan: CoveragePlan | undefined): ReadonlyMap<string, readonly string[]> {
  if (plan === undefined) return new Map(GPU_TYPES.map(({ id }) => [id, []]));
  return new Map(
    plan.entries.map(({ gpu, regions }) => [gpu.id, regions.length > 0 ? regions : plan.regions]),
  );
}

/** A token that cannot even be read is a failed check, and the others still run. */
async function openOrReport(
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
      tokenFailure: explained("token", error, "read the token"),
    };
  }
}

async function checkAddress(
  plan: CoveragePlan | undefined,
  target: CloudTarget,
  signal: AbortSignal,
): Promise<Check> {
  try {
    const cidr = plan?.sshCidr ?? (await sshCidr({ sshCidr: undefined }, target, signal));
    return ok("own address", cidr);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof SweepError)) throw error;
    return problem("own address", error.reason ?? error.message, error.hint ?? "");
  }
}
