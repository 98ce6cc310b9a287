import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { record, type Json } from "./completion-request.ts";
import { runCompletion, type ServedCompletion } from "./completion-stream.ts";
import type { Engine } from "./engine.ts";
import type { Checkpoint } from "./engine-request.ts";
import { validationError, type OpenAiError } from "./openai-error.ts";
import { vllmRoutes, type Call, type Serving } from "./vllm-routes.ts";

export interface VllmServerOptions extends Serving {
  /** The position in a reply at which a fault may occur; undefined if none is pending. */
  readonly checkpoint: (maxTokens: number) => Checkpoint | undefined;
  readonly onServed: (served: ServedCompletion) => void;
}

/** vLLM's API server. */
export interface VllmServer {
  readonly engine: Engine;
  /** Serves a connection to its port. */
  attach(connection: Duplex): void;
  /** Crashes the engine: streams end with an error, and `/health` answers 503. */
  crash(): void;
  /** SIGTERM: streams end as aborted, then every connection is closed. */
  terminate(): void;
}

/** uvicorn's timeout of idle connections. */
const KEEP_ALIVE_MS = 5000;
const MAX_BODY_BYTES = 64 * 2 ** 20;

export function createVllmServer(options: VllmServerOptions): VllmServer {
  const { timeline, engine } = options;
  const connections = new Set<Duplex>();
  let hasCrashed = false;
  const routes = vllmRoutes(options, () => hasCrashed);
  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const receivedMs = timeline.now();
    const path = (req.url ?? "/").replace(/\?.*$/, "");
    const method = req.method ?? "GET";
    const bytes = await readBody(req);
    const body = method === "POST" ? parseBody(bytes) : { json: {} };
    const call = createCall(options, res, "json" in body ? body.json : {}, receivedMs);
    const route = routes[`${method} ${path}`];
    if (route === undefined) {
      const isKnown = Object.keys(routes).some((name) => name.endsWith(` ${path}`));
      const detail = isKnown ? "Method Not Allowed" : "Not Found";
      call.respond(isKnown ? 405 : 404, JSON.stringify({ detail }));
    } else if ("error" in body) call.respond(body.error.status, body.error.body);
    else route(call);
  };
  const server = createServer((req, res) => {
    res.sendDate = false;
    handle(req, res).catch(() => res.destroy());
  });
  server.keepAliveTimeout = timeline.clock.ceiling(KEEP_ALIVE_MS);
  server.requestTimeout = 0;
  server.headersTimeout = 0;

  return {
    engine,
    attach: (connection) => {
      connections.add(connection);
      connection.once("close", () => connections.delete(connection));
      connection.on("error", () => connection.destroy());
      server.emit("connection", connection);
    },
    crash: () => {
      hasCrashed = true;
      engine.end("error");
    },
    terminate: () => {
      engine.end("abort");
      for (const connection of connections) connection.end();
      server.close();
    },
  };
}

function createCall(
  options: VllmServerOptions,
  res: ServerResponse,
  body: Json,
  receivedMs: number,
): Call {
  const { timeline, engine, model, checkpoint, onServed } = options;
  const commonHeaders = () => ({
    date: new Date(timeline.epoch(timeline.now())).toUTCString(),
    server: "uvicorn",
    vary: "Origin",
  });
  const respond: Call["respond"] = (status, text, type = "application/json") => {
    if (res.writableEnded || res.destroyed) return;
    res.writeHead(status, {
      ...commonHeaders(),
      "content-length": Buffer.byteLength(text),
      ...(type === "" ? {} : { "content-type": type }),
    });
    res.end(text);
  };
  const startStream = (): void => {
    res.writeHead(200, {
      ...commonHeaders(),
      "content-type": "text/event-stream; charset=utf-8",
      "transfer-encoding": "chunked",
    });
    res.flushHeaders();
  };
  return {
    body,
    receivedMs,
    respond,
    complete: (request, fingerprint) => {
      const created = Math.floor(timeline.epoch(receivedMs) / 1000);
      const reply = { created, model, fingerprint };
      runCompletion(
        { engine, request, reply, receivedMs, respond, startStream, checkpoint, onServed },
        res,
      );
    },
  };
}

async function readBody(req: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of req as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_BODY_BYTES) throw new RangeError("body too large");
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function parseBody(bytes: Buffer): { readonly json: Json } | { readonly error: OpenAiError } {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    return {
      error: validationError(
        "{'type': 'json_invalid', 'loc': 'body.1', 'msg': 'JSON decode error', 'input': {}, 'ctx': {'error': 'Expecting value'}}",
      ),
    };
  }
  const json = record(value);
  if (json !== undefined) return { json };
  return {
    error: validationError(
      `{'type': 'model_attributes_type', 'loc': 'body', 'msg': 'Input should be a valid dictionary or object to extract fields from', 'input': '${String(value)}'}`,
    ),
  };
}
