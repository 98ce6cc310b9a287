/** The state of a client's rate limit. */
export interface Allowance {
  readonly limit: number;
  readonly remaining: number;
  /** Epoch seconds. */
  readonly reset: number;
  readonly refused: boolean;
}

export interface RateLimits {
  take(client: string, method: string, path: string, nowMs: number): Allowance;
}

interface Bucket {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
}

const CREATE: Bucket = { name: "create", limit: 20, windowMs: 15_000 };
/** As observed in 2025 and 2026; the documentation says 1,600. */
const REST: Bucket = { name: "rest", limit: 1_840, windowMs: 60_000 };

/** All tokens of a user share a limit; requests without a token are limited by address. */
export function createRateLimits(): RateLimits {
  const windows = new Map<string, { readonly from: number; used: number }>();
  return {
    take(client, method, path, nowMs) {
      const bucket = bucketOf(method, path);
      const key = `${bucket.name}/${client}`;
      let window = windows.get(key);
      if (window === undefined || nowMs >= window.from + bucket.windowMs) {
        window = { from: nowMs, used: 0 };
        windows.set(key, window);
      }
      const refused = window.used >= bucket.limit;
      if (!refused) window.used += 1;
      return {
        limit: bucket.limit,
        remaining: bucket.limit - window.used,
        reset: Math.ceil((window.from + bucket.windowMs) / 1_000),
        refused,
      };
    },
  };
}

function bucketOf(method: string, path: string): Bucket {
  return method === "POST" && path === "/linode/instances" ? CREATE : REST;
}
