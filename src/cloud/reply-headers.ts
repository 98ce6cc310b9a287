/** Header names in lower case, as axios and Node give them. */
export type ReplyHeaders = Readonly<Record<string, unknown>>;

const LONGEST_WAIT_S = 300;

/**
 * How long the API asks us to wait. It has been seen to answer `Retry-After: -1509450059` and `X-RateLimit-Reset: -1`
 * (linode_api4-python#72), so what is not between 0 and 300 s counts as not said.
 */
export function retryAfterMs(
  headers: ReplyHeaders,
  status: number,
  nowMs: number,
): number | undefined {
  const stated = sane(wholeNumber(headers["retry-after"]));
  if (stated !== undefined || status !== 429) return stated;
  const resetS = wholeNumber(headers["x-ratelimit-reset"]);
  // Measured against the server's own clock, for ours may be wrong.
  const serverMs = serverTimeMs(headers) ?? nowMs;
  return resetS === undefined ? undefined : sane(resetS - serverMs / 1000);
}

/** Milliseconds since the epoch by the `Date` header. */
export function serverTimeMs(headers: ReplyHeaders): number | undefined {
  const date = headers["date"];
  const ms = typeof date === "string" ? Date.parse(date) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** What the token may do, by `X-OAuth-Scopes`; undefined when the reply does not say. */
export function oauthScopes(headers: ReplyHeaders): readonly string[] | undefined {
  const text = headers["x-oauth-scopes"];
  return typeof text === "string"
    ? text.split(/[\s,]+/).filter((scope) => scope !== "")
    : undefined;
}

function wholeNumber(value: unknown): number | undefined {
  return typeof value === "string" && /^\s*-?\d{1,15}\s*$/.test(value) ? Number(value) : undefined;
}

function sane(seconds: number | undefined): number | undefined {
  return seconds === undefined || seconds < 0 || seconds > LONGEST_WAIT_S
    ? undefined
    : seconds * 1000;
}
