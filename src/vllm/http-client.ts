import { Agent, request as httpRequest } from "node:http";
import type { ClientRequest } from "node:http";
import { errorText } from "../support/errors.ts";
import type { Clock } from "../support/clock.ts";
import { asSocket } from "./as-socket.ts";
import type { Connection } from "../benchmark/benchmark.ts";

export interface HttpReply {
  readonly status: number;
  readonly body: string;
  /** From the request's writing to the end of the body, on the run's clock. */
  readonly seconds: number;
}

/** Short requests to a server, one after another on one warm connection, that is opened again when it is gone. */
export interface HttpClient {
  get(path: string, signal: AbortSignal): Promise<HttpReply>;
  post(path: string, body: unknown, signal: AbortSignal): Promise<HttpReply>;
  close(): void;
}

const CEILING_MS = 60_000;

/** A request of ours had no answer; the link may be there all the same. */
export class NoAnswerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "NoAnswerError";
  }
}

/**
 * Each call throws a `NoAnswerError` when the server breaks off or says nothing within its ceiling, what `open`
 * threw, or the signal's reason.
 */
export function httpClient(
  server: Pick<Connection, "open" | "apiKey" | "host">,
  clock: Clock,
): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let opening: AbortSignal;
  let openFailure: unknown;
  let closed = false;
  const connect = async (done: (error: Error | null, stream?: unknown) => void) => {
    let stream;
    try {
      stream = asSocket(await server.open(opening));
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

  const once = (method: string, path: string, body: string | undefined, signal: AbortSignal) =>
    new Promise<HttpReply>((resolve, reject) => {
      opening = signal;
      openFailure = undefined;
      const chunks: Buffer[] = [];
      let sent = performance.now();
      const request: ClientRequest = httpRequest({
        agent,
        method,
        path,
        host: "127.0.0.1",
        headers: {
          ...(server.host === undefined ? {} : { host: server.host }),
          ...(body === undefined
            ? {}
            : {
                "content-type": "application/json",
                "content-length": Buffer.byteLength(body),
              }),
          ...(server.apiKey === undefined ? {} : { authorization: `Bearer ${server.apiKey}` }),
        },
      });
      const fail = (error: unknown): void => {
        settle();
        reject(signal.aborted ? (signal.reason as Error) : (openFailure ?? error));
        request.destroy();
      };
      const onAbort = (): void => fail(signal.reason);
      const ceiling = setTimeout(
        () => fail(new NoAnswerError(`no answer to ${method} ${path}`)),
        clock.ceiling(CEILING_MS),
      );
      const settle = (): void => {
        clearTimeout(ceiling);
        signal.removeEventListener("abort", onAbort);
      };
      request.once("socket", () => {
        sent = performance.now();
        request.end(body);
      });
      request.once("response", (response) => {
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", fail);
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
      request.on("error", (error) =>
        fail(
          request.reusedSocket
            ? new StaleConnectionError()
            : new NoAnswerError(`${method} ${path}: ${errorText(error)}`),
        ),
      );
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
    });

  const send = async (
    method: string,
    path: string,
    body: string | undefined,
    signal: AbortSignal,
  ) => {
    try {
      return await once(method, path, body, signal);
    } catch (error) {
      // uvicorn closes a connection after 5 idle seconds (VLLM_HTTP_TIMEOUT_KEEP_ALIVE), perhaps just now.
      if (!(error instanceof StaleConnectionError)) throw error;
      return await once(method, path, body, signal);
    }
  };
  return {
    get: (path, signal) => send("GET", path, undefined, signal),
    post: (path, body, signal) => send("POST", path, JSON.stringify(body), signal),
    close: () => {
      closed = true;
      agent.destroy();
    },
  };
}

class StaleConnectionError extends Error {}
