import { longestMinutes } from "../../estimate/estimate-plan.ts";
import type { Estimate } from "../../estimate/estimate.ts";
import { isoUtc } from "../../support/clock.ts";
import { tokenExpiry, type CloudAccess } from "../wire.ts";

const PATIENCE_MS = 10_000;

/** @returns a warning when the token may expire before the plan ends. */
export async function tokenExpiryWarning(
  access: CloudAccess,
  estimate: Estimate,
  concurrency: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  // If the expiry cannot be read, there is no warning: the token itself was accepted before.
  const endMs = await tokenExpiry(access, PATIENCE_MS, signal).catch(() => undefined);
  signal.throwIfAborted();
  const untilMs = access.clock.now() + longestMinutes(estimate, concurrency) * 60_000;
  if (typeof endMs !== "number" || endMs >= untilMs) return undefined;
  return `the Linode token expires at ${isoUtc(endMs)} but the plan may run until ${isoUtc(untilMs)}; after that VMs could not be destroyed`;
}
