import { createHash } from "node:crypto";
import {
  missing,
  parseCompletion,
  promptTokens,
  unknownModel,
  type Json,
} from "./completion-request.ts";
import type { CompletionRequest } from "./completion-request.ts";
import type { Engine } from "./engine.ts";
import { metricsPage } from "./metrics-page.ts";
import { ENGINE_DEAD, type OpenAiError } from "./openai-error.ts";
import type { Timeline } from "./timeline.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** The served model, and the settings that appear in replies. */
export interface Serving {
  readonly timeline: Timeline;
  readonly engine: Engine;
  readonly tokenizer: Tokenizer;
  readonly model: string;
  readonly version: string;
  readonly maxModelLen: number;
  /** See `ServedModel`; default false. */
  readonly harmonyBreaks?: boolean;
  readonly gpuMemoryUtilization: number;
  readonly cacheTokens: number;
  readonly blockTokens: number;
}

/** A request to the server with its parsed body. */
export interface Call {
  readonly body: Json;
  readonly receivedMs: number;
  respond(status: number, body: string, type?: string): void;
  /** Runs a valid completion request, streaming or not. */
  complete(request: CompletionRequest, fingerprint: string): void;
}

type Route = (call: Call) => void;

/** The routes by method and path. @param isDead whether the engine has crashed */
export function vllmRoutes(
  serving: Serving,
  isDead: () => boolean,
): Readonly<Record<string, Route>> {
  const { harmonyBreaks = false, timeline, tokenizer, model, maxModelLen, version } = serving;
  const startedAt = timeline.epoch(timeline.now()) / 1000;
  const hash = createHash("sha256").update(`${model} ${version}`).digest("hex");
  const served = { id: model, maxModelLen, tokenizer, harmonyBreaks };
  const fail = (call: Call, error: OpenAiError): void => {
    call.respond(error.status, error.body);
  };
  const health: Route = (call) => {
    call.respond(isDead() ? 503 : 200, "", "");
  };
  const completion =
    (chat: boolean): Route =>
    (call) => {
      if (isDead()) {
        fail(call, ENGINE_DEAD);
        return;
      }
      const request = parseCompletion(call.body, chat, served);
      if ("error" in request) fail(call, request.error);
      else call.complete(request, `vllm-${version}-${hash.slice(0, 8)}`);
    };
  return {
    "GET /health": health,
    "GET /ping": health,
    "GET /version": (call) => {
      call.respond(200, JSON.stringify({ version }));
    },
    "GET /v1/models": (call) => {
      const created = Math.floor(timeline.epoch(call.receivedMs) / 1000);
      call.respond(200, JSON.stringify(modelList(model, created, maxModelLen, hash)));
    },
    "GET /metrics": (call) => {
      const page = metricsPage({ ...serving, startedAt });
      call.respond(200, page, "text/plain; version=1.0.0; charset=utf-8");
    },
    "POST /tokenize": (call) => {
      const unknown = unknownModel(call.body, served);
      const tokens = promptTokens(call.body, call.body["prompt"] === undefined, tokenizer);
      if (unknown !== undefined) fail(call, unknown);
      else if (tokens === undefined) fail(call, missing("prompt", call.body));
      else {
        const { length: count } = tokens;
        const answer = { count, max_model_len: maxModelLen, tokens, token_strs: null };
        call.respond(200, JSON.stringify(answer));
      }
    },
    "POST /v1/chat/completions": completion(true),
    "POST /v1/completions": completion(false),
  };
}

function modelList(id: string, created: number, maxModelLen: number, hash: string) {
  const permission = {
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
  };
  const model = {
    id,
    object: "model",
    created,
    owned_by: "vllm",
    root: id,
    parent: null,
    max_model_len: maxModelLen,
    permission: [permission],
  };
  return { object: "list", data: [model] };
}
