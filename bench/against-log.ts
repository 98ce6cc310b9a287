import { median, quantile } from "../src/evidence/statistics.ts";
import type { Seen } from "./clients.ts";
import type { Served } from "./reference.ts";

export interface Late {
  readonly median: number;
  readonly p95: number;
  readonly longest: number;
}

/** A client's figures, compared with the server's log of its writes. */
export interface AgainstLog {
  /** The client's TPOT divided by the server's. */
  readonly tpot_ratio: { readonly pooled: number; readonly worst: number };
  /** 95th percentile over the requests of |ratio - 1|. */
  readonly tpot_error_p95: number;
  /** The client's TTFT minus the server's time from the request's receipt to its first write, in milliseconds. */
  readonly ttft_late_ms: Late;
  /**
   * The same delay in two parts: the server's, from the request's last byte in its socket to its receipt, and ours, for
   * writing the request and reading the first token. Only for a client that records when it writes.
   */
  readonly ttft_late_parts_ms?: { readonly server: Late; readonly client: Late };
  readonly requests: number;
  /** Number of requests whose tokens were not counted exactly. */
  readonly miscounted: number;
}

/** The log must have each of these requests once; they are identified by their number of tokens. */
export function againstLog(seen: readonly Seen[], log: readonly Served[]): AgainstLog {
  const served = new Map(log.map((one) => [one.completion_tokens, one]));
  const pairs = seen.map((one) => {
    const truth = served.get(one.asked);
    if (truth === undefined) throw new Error(`the log lacks ${String(one.asked)} tokens`);
    const decode = truth.last_write - truth.first_write;
    return {
      one,
      decode,
      ratio: one.tpot / (decode / (one.asked - 1)),
      lateMs: (one.ttft - (truth.first_write - truth.received)) * 1000,
      serverMs: one.written === undefined ? undefined : (truth.received - one.written) * 1000,
    };
  });
  const errors = pairs.map(({ ratio }) => Math.abs(ratio - 1));
  const client = pairs.reduce((sum, { one }) => sum + one.tpot * (one.asked - 1), 0);
  const worst = pairs.reduce((a, b) => (Math.abs(b.ratio - 1) > Math.abs(a.ratio - 1) ? b : a));
  const parts = pairs.flatMap(({ lateMs, serverMs }) =>
    serverMs === undefined ? [] : { server: serverMs, client: lateMs - serverMs },
  );
  return {
    tpot_ratio: {
      pooled: client / pairs.reduce((sum, { decode }) => sum + decode, 0),
      worst: worst.ratio,
    },
    tpot_error_p95: quantile(errors, 0.95),
    ttft_late_ms: late(pairs.map(({ lateMs }) => lateMs)),
    ...(parts.length === 0
      ? {}
      : {
          ttft_late_parts_ms: {
            server: late(parts.map(({ server }) => server)),
            client: late(parts.map(({ client }) => client)),
          },
        }),
    requests: seen.length,
    miscounted: seen.filter(({ asked, tokens }) => asked !== tokens).length,
  };
}

function late(values: readonly number[]): Late {
  return { median: median(values), p95: quantile(values, 0.95), longest: Math.max(...values) };
}
