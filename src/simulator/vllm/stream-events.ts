import type { CompletionRequest } from "./completion-request.ts";

export interface Reply {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly model: string;
  readonly fingerprint: string;
}

interface TokenEvent {
  readonly text: string;
  /** Number of completion tokens so far. */
  readonly count: number;
  readonly finishReason: string | null;
}

/** The server-sent events of one stream, with the same keys in the same order as vLLM 0.32. */
export interface StreamEvents {
  /** Undefined if the endpoint sends no role. */
  role(): string | undefined;
  token(event: TokenEvent): string;
  /** Undefined if the request did not ask for usage. */
  usage(count: number, cachedTokens: number): string | undefined;
  readonly done: string;
}

const DONE = "data: [DONE]\n\n";

export function streamEvents(reply: Reply, request: CompletionRequest): StreamEvents {
  return request.chat ? chatEvents(reply, request) : textEvents(reply, request);
}

/** The part before the delta is built once, since events are formatted for every token. */
function chatEvents(reply: Reply, request: CompletionRequest): StreamEvents {
  const prompt = request.tokens.length;
  const continuous = request.usage === "continuous";
  const start = head(reply, "chat.completion.chunk");
  const usageOf = (count: number): string =>
    `"usage":{${usageCounts(prompt, count)},"completion_tokens_details":null}`;
  return {
    done: DONE,
    role: () =>
      `${start}"choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]${continuous ? `,${usageOf(0)}` : ""},"prompt_token_ids":null,"prompt_text":null}\n\n`,
    token: ({ text, count, finishReason }) =>
      `${start}"choices":[{"index":0,"delta":{"content":${JSON.stringify(text)}},"logprobs":null,${finish(finishReason)}"token_ids":null}]${continuous ? `,${usageOf(count)}` : ""}${lastFingerprint(reply, request, finishReason)}}\n\n`,
    usage: (count, cached) =>
      request.usage === "none"
        ? undefined
        : `${start}"choices":[],"usage":{${usageCounts(prompt, count)},"prompt_tokens_details":{"cached_tokens":${String(cached)},"created_cache_tokens":0}},"system_fingerprint":"${reply.fingerprint}"}\n\n`,
  };
}

function textEvents(reply: Reply, request: CompletionRequest): StreamEvents {
  const prompt = request.tokens.length;
  const start = head(reply, "text_completion");
  return {
    done: DONE,
    role: () => undefined,
    token: ({ text, count, finishReason }) =>
      `${start}"choices":[{"index":0,"text":${JSON.stringify(text)},"logprobs":null,"finish_reason":${JSON.stringify(finishReason)},"stop_reason":null,"prompt_token_ids":null,"token_ids":null}]${request.usage === "continuous" ? `,"usage":{${usageCounts(prompt, count)}}` : ""}${lastFingerprint(reply, request, finishReason)}}\n\n`,
    usage: (count, cached) =>
      request.usage === "none"
        ? undefined
        : `${start}"choices":[],"usage":{${usageCounts(prompt, count)},"prompt_tokens_details":{"cached_tokens":${String(cached)}}},"system_fingerprint":"${reply.fingerprint}"}\n\n`,
  };
}

/** The body of a reply that is not streamed. */
export function wholeReply(
  reply: Reply,
  request: CompletionRequest,
  result: {
    readonly text: string;
    readonly count: number;
    readonly cached: number;
    readonly reason: string;
  },
): string {
  const { text, count, cached, reason } = result;
  const end = {
    service_tier: null,
    system_fingerprint: reply.fingerprint,
    usage: {
      prompt_tokens: request.tokens.length,
      total_tokens: request.tokens.length + count,
      completion_tokens: count,
      prompt_tokens_details: {
        cached_tokens: cached,
        created_cache_tokens: request.chat ? 0 : null,
        multimodal_tokens: null,
      },
      completion_tokens_details: null,
    },
  };
  const transfer = { kv_transfer_params: null, ec_transfer_params: null, metrics: null };
  const { id, created, model } = reply;
  const choice = { logprobs: null, finish_reason: reason, stop_reason: null, token_ids: null };
  if (!request.chat)
    return JSON.stringify({
      id,
      object: "text_completion",
      created,
      model,
      choices: [
        {
          index: 0,
          text,
          ...choice,
          prompt_logprobs: null,
          prompt_token_ids: null,
          routed_experts: null,
        },
      ],
      ...end,
      ...transfer,
    });
  const message = {
    role: "assistant",
    content: text,
    refusal: null,
    annotations: null,
    audio: null,
    function_call: null,
    reasoning: null,
  };
  return JSON.stringify({
    id,
    object: "chat.completion",
    created,
    model,
    choices: [{ index: 0, message, ...choice, routed_experts: null }],
    ...end,
    prompt_logprobs: null,
    prompt_token_ids: null,
    prompt_text: null,
    ...transfer,
  });
}

function head(reply: Reply, object: string): string {
  return `data: {"id":"${reply.id}","object":"${object}","created":${String(reply.created)},"model":${JSON.stringify(reply.model)},`;
}

function usageCounts(prompt: number, count: number): string {
  return `"prompt_tokens":${String(prompt)},"total_tokens":${String(prompt + count)},"completion_tokens":${String(count)}`;
}

function finish(reason: string | null): string {
  return reason === null
    ? `"finish_reason":null,`
    : `"finish_reason":${JSON.stringify(reason)},"stop_reason":null,`;
}

/** Without a final usage event, the last token's event has the fingerprint. */
function lastFingerprint(reply: Reply, request: CompletionRequest, reason: string | null): string {
  return reason === null || request.usage !== "none"
    ? ""
    : `,"system_fingerprint":"${reply.fingerprint}"`;
}
