import { AsyncLocalStorage } from "node:async_hooks";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type * as Sdk from "@linode/api-v4";
import { backoffMs } from "../support/backoff.ts";
import type { Clock } from "../support/clock.ts";
import { isLoopback } from "../support/loopback.ts";
import { packageVersion } from "../support/package-version.ts";
import { createRedactor } from "../support/redact.ts";
import { CloudError, TEMPORARY_KINDS } from "./cloud.ts";
import { oauthScopes, serverTimeMs, type ReplyHeaders } from "./reply-headers.ts";
import { translateError } from "./translate-error.ts";

export type LinodeSdk = typeof Sdk;

export interface LinodeConnectionOptions {
  /** A trailing `/v4` or `/v4beta` is removed. */
  readonly apiUrl: string;
  readonly token: string | undefined;
  readonly clock: Clock;
  /** How long reads are retried, in milliseconds; default 5 minutes. */
  readonly patienceMs?: number | undefined;
}

/** Runs SDK calls against one address with one token. Both methods throw a `CloudError` or the signal's reason. */
export interface LinodeConnection {
  /** Runs a GET, with retries until it succeeds, is refused, or `patienceMs` has passed. */
  read<T>(call: (sdk: LinodeSdk) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Runs a write, once. @param secrets values in its body that are redacted from errors */
  write<T>(call: (sdk: LinodeSdk) => Promise<T>, secrets?: readonly string[]): Promise<T>;
  /** From the newest reply that named them; undefined before. */
  scopes(): readonly string[] | undefined;
  clockOffsetMs(): number | undefined;
}

const READ_TIMEOUT_MS = 30_000;
const WRITE_TIMEOUT_MS = 120_000;
const PATIENCE_MS = 300_000;
const MAX_BACKOFF_MS = 30_000;

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
    timeoutMs: number,
    signal: AbortSignal | undefined,
    secrets: readonly string[],
  ): Promise<T> => {
    const sdk = await loadSdk();
    signal?.throwIfAborted();
    const timeout = new AbortController();
    const timer = setTimeout(() => {
      timeout.abort();
    }, clock.ceiling(timeoutMs));
    const either =
      signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]);
    try {
      return await currentCall.run({ root, token, agents, signal: either, onReply }, () =>
        call(sdk),
      );
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
      const deadline = clock.monotonic() + patienceMs;
      for (let attempt = 0; ; attempt++) {
        try {
          return await once(call, Math.min(READ_TIMEOUT_MS, patienceMs), signal, []);
        } catch (error) {
          if (!(error instanceof CloudError) || !TEMPORARY_KINDS.has(error.kind)) throw error;
          const backoff = { firstMs: 500, longestMs: MAX_BACKOFF_MS };
          const waitMs = (error.retryAfterMs ?? 0) + backoffMs(attempt, backoff);
          if (clock.monotonic() + waitMs > deadline) throw error;
          await clock.sleep(waitMs, signal);
        }
      }
    },
    write: (call, secrets = []) => once(call, WRITE_TIMEOUT_MS, undefined, secrets),
    scopes: () => scopes,
    clockOffsetMs: () => clockOffsetMs,
  };
}

/** The context of a call, for the SDK's interceptors. */
interface Call {
  readonly root: URL;
  readonly token: string | undefined;
  readonly agents: AgentPairs;
  readonly signal: AbortSignal;
  readonly onReply: (headers: ReplyHeaders) => void;
}

interface Agents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

interface AgentPairs {
  readonly keepAlive: Agents;
  readonly newConnection: Agents;
}

/**
 * The SDK has one axios instance per process and takes a token only once. Its interceptors are therefore installed once
 * and read the connection's address and token from this asynchronous context.
 */
const currentCall = new AsyncLocalStorage<Call>();
let loading: Promise<LinodeSdk> | undefined;

/** Imports the SDK on the first call, since the import takes half a second. */
function loadSdk(): Promise<LinodeSdk> {
  loading ??= import("@linode/api-v4").then(prepare);
  return loading;
}

function prepare(sdk: LinodeSdk): LinodeSdk {
  const { request, response } = sdk.baseRequest.interceptors;
  const userAgent = `maider-sweep/${packageVersion()}`;
  // Removes the SDK's own interceptor, which sets the user agent to "linodejs".
  request.clear();
  request.use((config) => {
    const call = currentCall.getStore();
    if (call === undefined) throw new Error("The Linode SDK was called outside of a connection.");
    config.url = (config.url ?? "").replace("https://api.linode.com", call.root.href.slice(0, -1));
    config.headers.set("User-Agent", userAgent);
    if (call.token !== undefined) config.headers.set("Authorization", `Bearer ${call.token}`);
    config.signal = call.signal;
    // A redirect must not send the token to another host.
    config.maxRedirects = 0;
    // axios does not use CONNECT with an HTTPS proxy; the agents do.
    config.proxy = false;
    // The server may close an idle connection just as we write to it. A GET is simply retried, but for a POST it would
    // be unknown whether it took effect.
    Object.assign(
      config,
      config.method === "post" ? call.agents.newConnection : call.agents.keepAlive,
    );
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

function agentsFor(root: URL): AgentPairs {
  // Requests to this machine never go through a proxy.
  const proxy = isLoopback(root.href) ? {} : { proxyEnv: process.env };
  const make = (keepAlive: boolean): Agents => ({
    httpAgent: new HttpAgent({ keepAlive, ...proxy }),
    httpsAgent: new HttpsAgent({ keepAlive, ...proxy }),
  });
  return { keepAlive: make(true), newConnection: make(false) };
}
