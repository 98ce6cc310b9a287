/** Header names are in lower case, as in axios and Node. */
export type ReplyHeaders = Readonly<Record<string, unknown>>;

const MAX_WAIT_S = 300;

/**
 * How long the API asks us to wait. Values outside 0 to 300 s are ignored: the API has answered
 * `Retry-After: -1509450059` and `X-RateLimit-Reset: -1` (linode_api4-python#72).
 */
export function retryAfterMs(
  headers: ReplyHeaders,
  status: number,
  nowMs: number,
): number | undefined {
  const retryAfter = plausibleMs(parseInteger(headers["retry-after"]));
  if (retryAfter !== undefined || status !== 429) return retryAfter;
  const resetS = parseInteger(headers["x-ratelimit-reset"]);
  // Compared with the server's clock, since ours may be wrong.
  const serverMs = serverTimeMs(headers) ?? nowMs;
  return resetS === undefined ? undefined : plausibleMs(resetS - serverMs / 1000);
}

/** The `Date` header in milliseconds since the epoch. */
export function serverTimeMs(headers: ReplyHeaders): number | undefined {
  const date = headers["date"];
  const ms = typeof date === "string" ? Date.parse(date) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** The token's scopes from `X-OAuth-Scopes`; undefined without this header. */
export function oauthScopes(headers: ReplyHeaders): readonly string[] | undefined {
  const text = headers["x-oauth-scopes"];
  return typeof text === "string"
    ? text.split(/[\s,]+/).filter((scope) => scope !== "")
    : undefined;
}

function parseInteger(value: unknown): number | undefined {
  return typeof value === "string" && /^\s*-?\d{1,15}\s*$/.test(value) ? Number(value) : undefined;
}

function plausibleMs(seconds: number | undefined): number | undefined {
  return seconds === undefined || seconds < 0 || seconds > MAX_WAIT_S ? undefined : seconds * 1000;
}
