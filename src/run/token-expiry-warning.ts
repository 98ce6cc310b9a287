import { readTokenExpiry } from "../cloud/token-expiry.ts";
import { longestMinutes } from "../estimate/estimate-plan.ts";
import type { Estimate } from "../estimate/estimate.ts";
import { isoUtc } from "../support/clock.ts";
import type { CloudTarget } from "./cloud-target.ts";

const PATIENCE_MS = 10_000;

/** Once the token has ended no VM can be destroyed with it. @returns what to say, when it may end before the plan */
export async function tokenExpiryWarning(
  target: CloudTarget,
  estimate: Estimate,
  concurrency: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { apiUrl, clock, token = "" } = target;
  const options = { apiUrl, token, clock, patienceMs: PATIENCE_MS };
  // Whoever cannot tell says nothing: it was good a moment ago.
  const endMs = await readTokenExpiry(options, signal).catch(() => undefined);
  signal.throwIfAborted();
  const untilMs = clock.now() + longestMinutes(estimate, concurrency) * 60_000;
  if (typeof endMs !== "number" || endMs >= untilMs) return undefined;
  return `the Linode token ends ${isoUtc(endMs)}, the plan at worst ${isoUtc(untilMs)}: with an ended token no VM can be destroyed`;
}
