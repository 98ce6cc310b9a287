import { Agent, request as httpRequest } from "node:http";
import type { ClientRequest, OutgoingHttpHeaders } from "node:http";
import { asSocket } from "../support/as-socket.ts";
import type { Clock } from "../support/clock.ts";
import { errorText } from "../support/errors.ts";
import { NoAnswerError } from "./connection.ts";
import type { Connection } from "./connection.ts";

export interface HttpReply {
  readonly status: number;
  readonly body: string;
  /** From sending the request to the end of the reply's body, on the run's clock. */
  readonly seconds: number;
}

export interface HttpOptions {
  /** For the request including opening the connection; milliseconds on the run's clock, default 60 s. */
  readonly timeoutMs?: number;
}

/** Sends short requests to a server, one after another over a connection that is kept open. */
export interface HttpClient {
  get(path: string, signal: AbortSignal, options?: HttpOptions): Promise<HttpReply>;
  post(path: string, body: unknown, signal: AbortSignal, options?: HttpOptions): Promise<HttpReply>;
  close(): void;
}

const TIMEOUT_MS = 60_000;
/** A page of metrics has several hundred KB. */
const MAX_BODY_BYTES = 8 << 20;

interface Exchange {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** JSON. */
  readonly body: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Each method throws a `NoAnswerError` if the server closes the connection, sends more than 8 MiB or does not answer in
 * time; what `open` threw; or the signal's reason.
 */
export function httpClient(
  server: Pick<Connection, "open" | "apiKey" | "host">,
  clock: Clock,
): HttpClient {
  const { agent, during, close } = agentOver(server.open);
  const send = async (
    method: Exchange["method"],
    path: string,
    body: string | undefined,
    signal: AbortSignal,
    { timeoutMs = TIMEOUT_MS }: HttpOptions = {},
  ): Promise<HttpReply> => {
    const headers = headersFor(server, body);
    const exchange = { method, path, body, timeoutMs, signal };
    const once = (): Promise<HttpReply> =>
      during(signal, () => exchangeOnce(agent, headers, exchange, clock));
    try {
      return await once();
    } catch (error) {
      // uvicorn closes a connection after 5 idle seconds (VLLM_HTTP_TIMEOUT_KEEP_ALIVE), possibly just before a request.
      if (!(error instanceof StaleConnectionError)) throw error;
      return await once();
    }
  };
  return {
    get: (path, signal, options) => send("GET", path, undefined, signal, options),
    post: (path, body, signal, options) =>
      send("POST", path, JSON.stringify(body), signal, options),
    close,
  };
}

/** An agent with a single connection, which is opened by `open`. */
function agentOver(open: Connection["open"]) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let opening: AbortSignal;
  let openFailure: unknown;
  let closed = false;
  const connect = async (done: (error: Error | null, stream?: unknown) => void) => {
    let stream;
    try {
      stream = asSocket(await open(opening));
    } catch (error) {
      openFailure = error;
      done(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (closed) stream.destroy();
    else done(null, stream);
  };
  Object.assign(agent, {
    createConnection: (_: unknown, done: Parameters<typeof connect>[0]) => void connect(done),
  });
  return {
    agent,
    /** Runs an exchange. @throws what `open` threw if the connection could not be opened */
    during: async <T>(signal: AbortSignal, exchange: () => Promise<T>): Promise<T> => {
      opening = signal;
      openFailure = undefined;
      try {
        return await exchange();
      } catch (error) {
        throw signal.aborted ? signal.reason : (openFailure ?? error);
      }
    },
    close: (): void => {
      closed = true;
      agent.destroy();
    },
  };
}

function headersFor(
  { host, apiKey }: Pick<Connection, "apiKey" | "host">,
  body: string | undefined,
): OutgoingHttpHeaders {
  return {
    ...(host === undefined ? {} : { host }),
    ...(body === undefined
      ? {}
      : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
  };
}

function exchangeOnce(
  agent: Agent,
  headers: OutgoingHttpHeaders,
  { method, path, body, timeoutMs, signal }: Exchange,
  clock: Clock,
): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let sent = performance.now();
    const request: ClientRequest = httpRequest({ agent, method, path, host: "127.0.0.1", headers });
    const settle = (): void => {
      clearTimeout(timeout);
      signal.removeEventListener("abort", onAbort);
    };
    const fail = (error: unknown): void => {
      settle();
      reject(error);
      request.destroy();
    };
    const failWith = (reason: string): void => fail(new NoAnswerError(reason));
    const onAbort = (): void => fail(signal.reason);
    const timeout = setTimeout(
      () => failWith(`no answer to ${method} ${path}`),
      clock.ceiling(timeoutMs),
    );
    request.once("socket", () => {
      sent = performance.now();
      request.end(body);
    });
    request.once("response", (response) => {
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_BODY_BYTES) failWith(`${method} ${path}: the answer is longer than 8 MiB`);
        else chunks.push(chunk);
      });
      response.on("error", (error) => failWith(`${method} ${path}: ${errorText(error)}`));
      response.once("end", () => {
        const seconds = (clock.fromStamp(performance.now()) - clock.fromStamp(sent)) / 1000;
        settle();
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString("utf8"),
          seconds,
        });
      });
    });
    request.on("error", (error) => {
      if (request.reusedSocket) fail(new StaleConnectionError());
      else failWith(`${method} ${path}: ${reasonOf(error)}`);
    });
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

function reasonOf(error: NodeJS.ErrnoException): string {
  // The messages of Node's parser are too technical for users.
  return error.code?.startsWith("HPE_") === true
    ? "the answer is not HTTP; if the server uses TLS, its address begins with https://"
    : errorText(error);
}

class StaleConnectionError extends Error {}
