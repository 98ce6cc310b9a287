import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { apiError, ENGINE_DEAD, validationError, type ApiError } from "./openai-error.ts";
import {
  missing,
  parseCompletion,
  promptTokens,
  record,
  unknownModel,
  type Json,
} from "./completion-request.ts";
import { runCompletion, type ServedCompletion } from "./completion-stream.ts";
import type { Engine, EngineRequest } from "./engine.ts";
import { createHttpStatistics } from "./http-statistics.ts";
import { metricsPage } from "./metrics-page.ts";
import type { ServerFaults } from "../faults/server-faults.ts";
import type { Timeline } from "./timeline.ts";
import type { Tokenizer } from "./tokenizer.ts";

export interface VllmServerOptions {
  readonly timeline: Timeline;
  readonly engine: Engine;
  readonly tokenizer: Tokenizer;
  readonly model: string;
  readonly version: string;
  readonly maxModelLen: number;
  readonly gpuMemoryUtilization: number;
  readonly cacheTokens: number;
  readonly blockTokens: number;
  readonly oddities: ServerFaults;
  readonly onProgress: (request: EngineRequest, share: number) => void;
  readonly onServed: (served: ServedCompletion) => void;
}

/** vLLM's API server over whatever connections it is given. */
export interface VllmServer {
  readonly engine: Engine;
  /** A connection to its port. */
  attach(connection: Duplex): void;
  /** The engine's process is dead: streams end in an error and `/health` in 503. */
  die(): void;
  /** SIGTERM: streams end as aborted, then every connection is closed. */
  terminate(): void;
}

/** uvicorn's, for connections that nobody uses. */
const KEEP_ALIVE_MS = 5000;
const MOST_BODY_BYTES = 64 * 2 ** 20;

interface Call {
  readonly res: ServerResponse;
  readonly path: string;
  readonly body: Json;
  readonly receivedMs: number;
  readonly respond: (status: number, body: string, type?: string) => void;
}
type Route = (call: Call) => void;

export function createVllmServer(options: VllmServerOptions): VllmServer {
  const { timeline, engine, tokenizer, model, maxModelLen } = options;
  const startedMs = timeline.now();
  const startedAt = timeline.epoch(startedMs) / 1000;
  const hash = createHash("sha256").update(`${model} ${options.version}`).digest("hex");
  const fingerprint = `vllm-${options.version}-${hash.slice(0, 8)}`;
  const http = createHttpStatistics();
  const connections = new Set<Duplex>();
  const served = { id: model, maxModelLen, tokenizer };
  let dead = false;

  const fail = (call: Call, error: ApiError): void => {
    call.respond(error.status, error.body);
  };
  const completion =
    (chat: boolean): Route =>
    (call) => {
      const { refuse } = options.oddities;
      if (refuse !== undefined) {
        fail(call, apiError(refuse.status, refuse.message));
        return;
      }
      if (dead) {
        fail(call, ENGINE_DEAD);
        return;
      }
      const request = parseCompletion(call.body, chat, served);
      if ("error" in request) {
        fail(call, request.error);
        return;
      }
      runCompletion(
        {
          engine,
          request,
          reply: {
            created: Math.floor(timeline.epoch(call.receivedMs) / 1000),
            model,
            fingerprint,
          },
          receivedMs: call.receivedMs,
          oddities: options.oddities,
          respond: call.respond,
          startStream: () => {
            call.res.writeHead(200, {
              ...commonHeaders(),
              "content-type": "text/event-stream; charset=utf-8",
              "transfer-encoding": "chunked",
            });
            call.res.flushHeaders();
          },
          onProgress: options.onProgress,
          onServed: options.onServed,
        },
        call.res,
      );
    };
  const tokenize: Route = (call) => {
    const unknown = unknownModel(call.body, served);
    const chat = call.body["prompt"] === undefined;
    const tokens = promptTokens(call.body, chat, tokenizer);
    if (unknown !== undefined) fail(call, unknown);
    else if (tokens === undefined) fail(call, missing("prompt", call.body));
    else {
      const answer = { count: tokens.length, max_model_len: maxModelLen, tokens, token_strs: null };
      call.respond(200, JSON.stringify(answer));
    }
  };
  const routes: Readonly<Record<string, Route>> = {
    "GET /health": (call) => {
      call.respond(dead ? 503 : 200, "", "");
    },
    "GET /ping": (call) => {
      call.respond(dead ? 503 : 200, "", "");
    },
    "GET /version": (call) => {
      call.respond(200, JSON.stringify({ version: options.version }));
    },
    "GET /v1/models": (call) => {
      const created = Math.floor(timeline.epoch(call.receivedMs) / 1000);
      call.respond(200, JSON.stringify(modelList(model, created, maxModelLen, hash)));
    },
    "GET /metrics": (call) => {
      const page = { ...options, startedAt, http, miscount: options.oddities.miscount ?? 0 };
      call.respond(200, metricsPage(page), "text/plain; version=1.0.0; charset=utf-8");
    },
    "POST /tokenize": tokenize,
    "POST /v1/chat/completions": completion(true),
    "POST /v1/completions": completion(false),
  };

  const commonHeaders = () => ({
    date: new Date(timeline.epoch(timeline.now())).toUTCString(),
    server: "uvicorn",
    vary: "Origin",
  });
  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const path = (req.url ?? "/").replace(/\?.*$/, "");
    const method = req.method ?? "GET";
    const receivedMs = timeline.now();
    const bytes = await readBody(req);
    const respond = (status: number, text: string, type = "application/json"): void => {
      if (res.writableEnded || res.destroyed) return;
      const length = Buffer.byteLength(text);
      res.writeHead(status, {
        ...commonHeaders(),
        "content-length": length,
        ...(type === "" ? {} : { "content-type": type }),
      });
      res.end(text);
    };
    res.once("close", () => {
      const responseBytes = Number(res.getHeader("content-length") ?? 0);
      const seconds = (timeline.now() - receivedMs) / 1000;
      const requestBytes = bytes.length;
      if (!QUIET_ROUTES.has(path))
        http.record({
          handler: path,
          method,
          status: res.statusCode,
          requestBytes,
          responseBytes,
          seconds,
        });
    });
    const route = routes[`${method} ${path}`];
    const body = method === "POST" ? parseBody(bytes) : { json: {} };
    if (route === undefined) respondUnknown(routes, path, respond);
    else if ("error" in body) respond(body.error.status, body.error.body);
    else route({ res, path, body: body.json, receivedMs, respond });
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
    die: () => {
      dead = true;
      engine.end("error");
    },
    terminate: () => {
      engine.end("abort");
      for (const connection of connections) connection.end();
      server.close();
    },
  };
}

/** The instrumentation leaves these out. */
const QUIET_ROUTES = new Set(["/metrics", "/health", "/ping", "/version"]);

function respondUnknown(
  routes: Readonly<Record<string, Route>>,
  path: string,
  respond: Call["respond"],
): void {
  const known = Object.keys(routes).some((route) => route.endsWith(` ${path}`));
  const detail = known ? "Method Not Allowed" : "Not Found";
  respond(known ? 405 : 404, JSON.stringify({ detail }));
}

async function readBody(req: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of req as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MOST_BODY_BYTES) throw new RangeError("body too large");
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function parseBody(bytes: Buffer): { json: Json } | { error: ApiError } {
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
  return json === undefined
    ? {
        error: validationError(
          `{'type': 'model_attributes_type', 'loc': 'body', 'msg': 'Input should be a valid dictionary or object to extract fields from', 'input': '${String(value)}'}`,
        ),
      }
    : { json };
}

function modelList(id: string, created: number, maxModelLen: number, hash: string) {
  return {
    object: "list",
    data: [
      {
        id,
        object: "model",
        created,
        owned_by: "vllm",
        root: id,
        parent: null,
        max_model_len: maxModelLen,
        permission: [
          {
            id: `modelperm-${hash.slice(0, 16)}`,
            object: "model_permission",
            created,
            allow_create_engine: false,
            allow_sampling: true,
            allow_logprobs: true,
            allow_search_indices: false,
            allow_view: true,
            allow_fine_tuning: false,
            organization: "*",
            group: null,
            is_blocking: false,
          },
        ],
      },
    ],
  };
}
