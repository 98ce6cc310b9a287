import { checkAccount, explainCloudError } from "../cloud/account-check.ts";
import { gpuName } from "../catalog/short-names.ts";
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
    const user = account.username || "unknown";
    return ok("token", `user ${user}, scopes ${account.scopes.join(" ")}`);
  } catch (error) {
    signal.throwIfAborted();
    return failedCheck("token", error, "read the account");
  }
}

const DAY_MS = 86_400_000;

/** How long a plan runs. */
export interface PlanDuration {
  readonly likelyMinutes: number;
  readonly worstMinutes: number;
}

/**
 * Checks that the token is valid for longer than the plan runs: an expired token cannot destroy a VM.
 * @param expiryMs null if the token never expires, undefined if its expiry cannot be read
 */
export function checkExpiry(
  expiryMs: number | null | undefined,
  nowMs: number,
  plan: PlanDuration | undefined,
): Check {
  const check = "token expiry";
  if (expiryMs === undefined)
    return ok(check, "unknown: reading it needs the scope account:read_only");
  if (expiryMs === null) return ok(check, "never");
  const detail = isoUtc(expiryMs);
  const remedy =
    "create a token with a later expiry: VMs cannot be destroyed without a valid token";
  const leftMs = expiryMs - nowMs;
  if (plan === undefined)
    return leftMs < DAY_MS ? warning(check, detail, remedy) : ok(check, detail);
  if (leftMs < plan.likelyMinutes * 60_000)
    return problem(check, `${detail}, before the plan ends`, remedy);
  if (leftMs < plan.worstMinutes * 60_000)
    return warning(check, `${detail}, before the plan ends in the worst case`, remedy);
  return ok(check, `${detail}, after the plan ends`);
}

/** @param legacyAllowed undefined = the token may not read the setting */
export function checkInterfaces(legacyAllowed: boolean | undefined): Check {
  const check = "interfaces";
  if (legacyAllowed === undefined)
    return {
      ...ok(check, "not checked: needs account:read_only"),
      remedy: `add that scope to the token, or see that ${INTERFACE_SETTING} is not "Linode Interfaces only"`,
    };
  if (legacyAllowed) return ok(check, "the account allows VMs with a configuration profile");
  return problem(
    check,
    "the account allows Linode Interfaces only, so every VM will be refused: ours have a configuration profile",
    `an administrator has to change ${INTERFACE_SETTING}`,
  );
}

const INTERFACE_SETTING = "Network Interface Type in the account settings of Cloud Manager";

/**
 * Reports the GPU VMs that already count towards the account's quota. The quota itself cannot be read: Linode's API
 * only refuses a create that exceeds it.
 */
export async function checkLimits(
  reader: CloudReader,
  concurrency: number | undefined,
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
      `GPU VMs on the account: ${String(gpus.length)}`,
      ...(concurrency === undefined
        ? []
        : [`the plan rents up to ${String(concurrency)} at a time`]),
      ...(balanceUninvoiced === undefined
        ? []
        : [`${formatUsd(balanceUninvoiced)} not yet invoiced`]),
      "the API does not show the quota",
    ];
    const expired = vms.filter(({ label }) => (parseLabel(label)?.expiresMs ?? Infinity) < nowMs);
    if (expired.length === 0) return ok(check, parts.join("; "));
    const labels = expired.map(({ label }) => label).join(", ");
    return problem(check, `expired and still billed: ${labels}`, "maider-sweep reap");
  } catch (error) {
    signal.throwIfAborted();
    return failedCheck(check, error, "read the account's VMs");
  }
}

/** @param wanted GPU types, each with the regions to look in; an empty list means any region */
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
    return [failedCheck("prices", error, "read prices and stock")];
  }
}

/** `gpus` lists more of them better. */
const TYPES_LISTED = 4;

export function checkPrices(prices: readonly TypePrice[], types: readonly string[]): Check {
  const priced = new Map(prices.map(({ id, hourly }) => [id, hourly]));
  const missing = types.filter((type) => !priced.has(type));
  if (missing.length > 0)
    return warning(
      "prices",
      `not listed for this account: ${missing.join(", ")}`,
      "ask Linode's support to enable these types, or take them out of the plan",
    );
  if (types.length > TYPES_LISTED) {
    const hourly = types.map((type) => priced.get(type) ?? 0);
    const range = `${formatUsd(Math.min(...hourly))} to ${formatUsd(Math.max(...hourly))} an hour`;
    return ok("prices", `all ${String(types.length)} types, ${range}`);
  }
  return ok(
    "prices",
    types.map((type) => `${gpuName(type)} ${formatUsd(priced.get(type) ?? 0)}/h`).join(", "),
  );
}

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
  if (soldOut.length === 0) return ok("stock", "every type is available");
  return warning(
    "stock",
    `sold out: ${soldOut.map(([type, regions]) => `${type}${regions.length > 0 ? ` in ${regions.join(", ")}` : ""}`).join("; ")}`,
    "add regions to the plan, or try again later: stock changes several times a day",
  );
}

/** @throws any error other than a failure of the API, a token or the network */
export function failedCheck(check: string, error: unknown, doing: string): Check {
  const failure = error instanceof CloudError ? explainCloudError(error, doing) : error;
  if (!(failure instanceof SweepError)) throw failure;
  return problem(check, failure.reason ?? failure.message, failure.hint ?? "");
}
