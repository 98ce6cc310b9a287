import { checkAccount, explainCloudError } from "../cloud/account-check.ts";
import { CloudError } from "../cloud/cloud.ts";
import type { Availability, CloudReader, TypePrice } from "../cloud/cloud.ts";
import { parseLabel } from "../journal/label.ts";
import { isoUtc } from "../support/clock.ts";
import { SweepError } from "../support/errors.ts";
import { formatUsd } from "../support/money.ts";
import { ok, problem, warning, type Check } from "./check.ts";

export async function checkToken(reader: CloudReader, signal: AbortSignal): Promise<Check> {
  try {
    const account = await reader.account(signal);
    checkAccount(account);
    return ok("token", `of ${account.username || "an unnamed user"}: ${account.scopes.join(" ")}`);
  } catch (error) {
    signal.throwIfAborted();
    return explained("token", error, "read the account");
  }
}

const DAY_MS = 86_400_000;

/** Compares the token's expiry with how long the plan may take: an expired token cannot destroy a VM. */
export function checkExpiry(
  expiryMs: number | null | undefined,
  nowMs: number,
  /** Likely and longest duration of the plan, minutes. */
  plan: { readonly likelyMinutes: number; readonly worstMinutes: number } | undefined,
): Check {
  const check = "token expiry";
  if (expiryMs === undefined)
    return ok(check, "unknown: this token cannot read it (it needs account:read_only)");
  if (expiryMs === null) return ok(check, "never");
  const detail = isoUtc(expiryMs);
  const remedy = "create a token that is valid for longer: without one no VM can be destroyed";
  const leftMs = expiryMs - nowMs;
  if (plan === undefined)
    return leftMs < DAY_MS ? warning(check, detail, remedy) : ok(check, detail);
  if (leftMs < plan.likelyMinutes * 60_000)
    return problem(check, `${detail}, before the plan ends`, remedy);
  if (leftMs < plan.worstMinutes * 60_000)
    return warning(check, `${detail}, before the plan ends at worst`, remedy);
  return ok(check, `${detail}, after the plan`);
}

/**
 * What already exists on the account. Linode's API has no quotas: it only refuses a create that exceeds one.
 * @param atOnce VMs that the plan has at one time
 */
export async function checkLimits(
  reader: CloudReader,
  atOnce: number | undefined,
  nowMs: number,
  signal: AbortSignal,
): Promise<Check> {
  const check = "account limits";
  try {
    const [{ balanceUninvoiced }, vms] = [
      await reader.account(signal),
      await reader.listVms({}, signal),
    ];
    const gpus = vms.filter(({ type }) => /^g\d+-gpu-/.test(type));
    const parts = [
      `${String(gpus.length)} GPU VMs exist${atOnce === undefined ? "" : `, the plan has up to ${String(atOnce)} at once`}`,
      ...(balanceUninvoiced === undefined
        ? []
        : [`${formatUsd(balanceUninvoiced)} not yet invoiced`]),
      "the API does not show the quota",
    ];
    const late = vms.filter(({ label }) => (parseLabel(label)?.expiresMs ?? Infinity) < nowMs);
    if (late.length === 0) return ok(check, parts.join("; "));
    return problem(
      check,
      `expired and still billed: ${late.map(({ label }) => label).join(", ")}`,
      "maider-sweep reap",
    );
  } catch (error) {
    signal.throwIfAborted();
    return explained(check, error, "read what the account has");
  }
}

/** Prices and stock of the plan's types, or of all when there is no plan. */
export async function checkMarket(
  reader: CloudReader,
  wanted: ReadonlyMap<string, readonly string[]>,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  try {
    const [prices, rows] = [await reader.prices(signal), await reader.availability(signal)];
    return [checkPrices(prices, [...wanted.keys()]), checkStock(rows, wanted)];
  } catch (error) {
    signal.throwIfAborted();
    return [explained("prices", error, "read prices and stock")];
  }
}

export function checkPrices(prices: readonly TypePrice[], types: readonly string[]): Check {
  const priced = new Map(prices.map(({ id, hourly }) => [id, hourly]));
  const missing = types.filter((type) => !priced.has(type));
  if (missing.length > 0)
    return warning(
      "prices",
      `not listed for this account: ${missing.join(", ")}`,
      "ask Linode's support to enable these types, or take them out of the plan",
    );
  return ok(
    "prices",
    types.map((type) => `${type} ${formatUsd(priced.get(type) ?? 0)}/h`).join(", "),
  );
}

/** @param wanted GPU types with their regions; no regions = any. */
export function checkStock(
  rows: readonly Availability[],
  wanted: ReadonlyMap<string, readonly string[]>,
): Check {
  const soldOut = [...wanted].filter(([type, regions]) => {
    const offers = rows.filter(
      (row) => row.type === type && (regions.length === 0 || regions.includes(row.region)),
    );
    return offers.length > 0 && offers.every(({ available }) => !available);
  });
  if (soldOut.length === 0) return ok("stock", "each type has some");
  return warning(
    "stock",
    `sold out: ${soldOut.map(([type, regions]) => `${type}${regions.length > 0 ? ` in ${regions.join(", ")}` : ""}`).join("; ")}`,
    "add regions to the plan, or try again later: stock changes several times a day",
  );
}

/** A failure as a check. @throws what is not a failure of the API, a token or the network */
export function explained(check: string, error: unknown, doing: string): Check {
  const failure = error instanceof CloudError ? explainCloudError(error, doing) : error;
  if (!(failure instanceof SweepError)) throw failure;
  return problem(check, failure.reason ?? failure.message, failure.hint ?? "");
}
