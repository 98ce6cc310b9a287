import { AsyncLocalStorage } from "node:async_hooks";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type * as Sdk from "@linode/api-v4";
import { backoffMs } from "../support/backoff.ts";
import type { Clock } from "../support/clock.ts";
import { isLoopback } from "../support/loopback.ts";
import { packageVersion } from "../support/package-version.ts";
import { createRedactor } from "../support/redact.ts";
import { CloudError, PASSING_KINDS } from "./cloud.ts";
import { oauthScopes, serverTimeMs, type ReplyHeaders } from "./reply-headers.ts";
import { translateError } from "./translate-error.ts";

export type LinodeSdk = typeof Sdk;

export interface LinodeConnectionOptions {
  /** Scheme, host and port; a trailing `/v4` is taken off. */
  readonly apiUrl: string;
  readonly token: string | undefined;
  readonly clock: Clock;
  /** How long a read is tried again, milliseconds; 5 minutes when left out. */
  readonly patienceMs?: number | undefined;
}

/** One account at one address. `call` runs SDK calls, and what it throws is a `CloudError` or the signal's reason. */
export interface LinodeConnection {
  /** A GET: tried again until it answers, is refused, or patience ends. */
  read<T>(call: (sdk: LinodeSdk) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** A write: sent once and never cut. `secrets` are what its body holds. */
  write<T>(call: (sdk: LinodeSdk) => Promise<T>, secrets?: readonly string[]): Promise<T>;
  /** By the newest reply that told; `undefined` before. */
  scopes(): readonly string[] | undefined;
  clockOffsetMs(): number | undefined;
}

const READ_CEILING_MS = 30_000;
const WRITE_CEILING_MS = 120_000;
const PATIENCE_MS = 300_000;
const LONGEST_BACKOFF_MS = 30_000;

export function createLinodeConnection(options: LinodeConnectionOptions): LinodeConnection {
  const { token, clock, patienceMs = PATIENCE_MS } = options;
  const root = new URL(options.apiUrl.replace(/\/v4(?:beta)?\/?$/, "").replace(/\/+$/, ""));
  const agents = agentsFor(root);
  let scopes: readonly string[] | undefined;
  let clockOffsetMs: number | undefined;

  const onReply = (headers: ReplyHeaders): void => {
    scopes = oauthScopes(headers) ?? scopes;
    const serverMs = serverTimeMs(headers);
    if (serverMs !== undefined) clockOffsetMs = serverMs - clock.now();
  };

  const once = async <T>(
    call: (sdk: LinodeSdk) => Promise<T>,
    ceilingMs: number,
    signal: AbortSignal | undefined,
    secrets: readonly string[],
  ): Promise<T> => {
    const sdk = await loadSdk();
    signal?.throwIfAborted();
    const ceiling = new AbortController();
    const timer = setTimeout(() => {
      ceiling.abort();
    }, clock.ceiling(ceilingMs));
    const cut = signal === undefined ? ceiling.signal : AbortSignal.any([signal, ceiling.signal]);
    try {
      return await currentCall.run({ root, token, agents, signal: cut, onReply }, () => call(sdk));
    } catch (error) {
      signal?.throwIfAborted();
      throw translateError(
        error,
        createRedactor(token === undefined ? secrets : [token, ...secrets]),
        clock.now(),
      );
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    async read(call, signal) {
      const giveUpAt = clock.monotonic() + patienceMs;
      for (let attempt = 0; ; attempt++) {
        try {
          return await once(call, Math.min(READ_CEILING_MS, patienceMs), signal, []);
        } catch (error) {
          if (!(error instanceof CloudError) || !PASSING_KINDS.has(error.kind)) throw error;
          const backoff = { firstMs: 500, longestMs: LONGEST_BACKOFF_MS };
          const waitMs = (error.retryAfterMs ?? 0) + backoffMs(attempt, backoff);
          if (clock.monotonic() + waitMs > giveUpAt) throw error;
          await clock.sleep(waitMs, signal);
        }
      }
    },
    write: (call, secrets = []) => once(call, WRITE_CEILING_MS, undefined, secrets),
    scopes: () => scopes,
    clockOffsetMs: () => clockOffsetMs,
  };
}

/** What the interceptors need to know of the call they serve. */
interface Call {
  readonly root: URL;
  readonly token: string | undefined;
  readonly agents: { readonly kept: Agents; readonly fresh: Agents };
  readonly signal: AbortSignal;
  readonly onReply: (headers: ReplyHeaders) => void;
}

interface Agents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/**
 * The SDK has one axios instance for the whole process, and a second `setToken` does nothing. So its interceptors
 * are set once and find out by the asynchronous context for which connection they work.
 */
const currentCall = new AsyncLocalStorage<Call>();
let loading: Promise<LinodeSdk> | undefined;

/** Half a second of import, paid by the first call. */
function loadSdk(): Promise<LinodeSdk> {
  loading ??= import("@linode/api-v4").then(prepare);
  return loading;
}

function prepare(sdk: LinodeSdk): LinodeSdk {
  const { request, response } = sdk.baseRequest.interceptors;
  const userAgent = `maider-sweep/${packageVersion()}`;
  // The SDK's own interceptor, which names the client "linodejs".
  request.clear();
  request.use((config) => {
    const call = currentCall.getStore();
    if (call === undefined) throw new Error("The Linode SDK was called outside of a connection.");
    config.url = (config.url ?? "").replace("https://api.linode.com", call.root.href.slice(0, -1));
    config.headers.set("User-Agent", userAgent);
    if (call.token !== undefined) config.headers.set("Authorization", `Bearer ${call.token}`);
    config.signal = call.signal;
    // A redirect is not the API's answer, and must not carry the token elsewhere.
    config.maxRedirects = 0;
    // axios speaks to an HTTPS proxy in clear text, without CONNECT: the agents do it instead.
    config.proxy = false;
    // A connection kept open may be closed by the far side just as we write: harmless for a GET, and
    // for a POST an answer lost for nothing.
    Object.assign(config, config.method === "post" ? call.agents.fresh : call.agents.kept);
    return config;
  });
  response.use(
    (reply) => {
      currentCall.getStore()?.onReply(reply.headers);
      return reply;
    },
    (error: { response?: { headers?: unknown } }) => {
      const headers = error.response?.headers;
      if (headers !== undefined) currentCall.getStore()?.onReply(headers as ReplyHeaders);
      throw error;
    },
  );
  return sdk;
}

function agentsFor(root: URL): { readonly kept: Agents; readonly fresh: Agents } {
  // A proxy of the environment must never see, nor break, what stays on this machine.
  const proxy = isLoopback(root.href) ? {} : { proxyEnv: process.env };
  const make = (keepAlive: boolean): Agents => ({
    httpAgent: new HttpAgent({ keepAlive, ...proxy }),
    httpsAgent: new HttpsAgent({ keepAlive, ...proxy }),
  });
  return { kept: make(true), fresh: make(false) };
}
