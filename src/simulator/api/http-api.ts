import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { ApiRequest } from "./api.ts";
import { type FaultyApi, applyFault } from "../faults/faulty-api.ts";
import type { RequestLog } from "./request-log.ts";
import type { ControlApi } from "../control/control-api.ts";

export interface HttpParts extends FaultyApi {
  readonly controlApi: ControlApi;
  readonly log: RequestLog;
  /** Called when a request arrives, and after it may have changed the world. */
  onRequest(): void;
}

const VERSION = /^\/v4(?:beta)?(?=\/)/;

/**
 * Creates the world's HTTP server, which does not listen yet: the API under `/v4` and `/v4beta`, the control API under
 * `/simulator`.
 */
export function createHttpApi(parts: HttpParts): Server {
  const server = createServer((request, response) => {
    answer(parts, request, response).catch((error: unknown) => {
      send(parts, response, 500, {}, JSON.stringify({ errors: [{ reason: String(error) }] }));
    });
  });
  // Long, so that clients close idle connections first: the server could close one while a request is being sent.
  server.keepAliveTimeout = 120_000;
  return server;
}

async function answer(
  parts: HttpParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = "GET" } = request;
  const url = new URL(request.url ?? "/", "http://simulator");
  const body = await readBody(request);
  parts.onRequest();
  if (url.pathname.startsWith("/simulator/")) {
    const reply = parts.controlApi(method, url.pathname.slice("/simulator".length), body);
    parts.onRequest();
    send(parts, response, reply.status, {}, JSON.stringify(reply.body));
    return;
  }
  const path = url.pathname.replace(VERSION, "");
  const call: ApiRequest = {
    method,
    path: path === url.pathname ? `/unversioned${path}` : path,
    query: url.searchParams,
    authorization: request.headers.authorization,
    filter: request.headers["x-filter"] as string | undefined,
    body,
    from: request.socket.remoteAddress ?? "",
  };
  const entry = parts.log.begin(parts.world.now(), { method, path, query: url.search, body });
  const reply = await applyFault(parts, call);
  parts.onRequest();
  if (reply === undefined) {
    request.socket.destroy();
    return;
  }
  entry.status = reply.status;
  const text = typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body);
  send(parts, response, reply.status, reply.headers, text);
}

function send(
  { clock }: HttpParts,
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  text: string,
): void {
  if (response.headersSent || response.destroyed) return;
  response.sendDate = false;
  response.writeHead(status, {
    "Content-Type": text.startsWith("<") ? "text/html" : "application/json",
    "Content-Length": String(Buffer.byteLength(text)),
    Date: new Date(clock().now()).toUTCString(),
    ...headers,
  });
  response.end(text);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
