import { openAiError, validationError, type OpenAiError } from "./openai-error.ts";
import { naturalLength } from "./reply-text.ts";
import type { ChatMessage, Tokenizer } from "./tokenizer.ts";

/** A valid completion request. */
export interface CompletionRequest {
  readonly chat: boolean;
  readonly tokens: readonly number[];
  readonly maxTokens: number;
  readonly minTokens: number;
  readonly ignoreEos: boolean;
  /** Number of tokens after which the Harmony parser of gpt-oss aborts the reply; Infinity = never. */
  readonly breaksAfter: number;
  readonly salt: string | undefined;
  readonly stream: boolean;
  readonly usage: "none" | "end" | "continuous";
}

export interface ServedModel {
  readonly id: string;
  readonly maxModelLen: number;
  readonly tokenizer: Tokenizer;
  /** Whether replies in the Harmony format break off even with `<|end|>` as a stop token. */
  readonly harmonyBreaks: boolean;
}

export type Json = Readonly<Record<string, unknown>>;
type Rejection = { readonly error: OpenAiError };

/** Parses a request. @returns vLLM's error for an invalid one, in the order of its checks */
export function parseCompletion(
  body: Json,
  chat: boolean,
  model: ServedModel,
): CompletionRequest | Rejection {
  const stream = body["stream"] === true;
  const streamOptions = record(body["stream_options"]);
  if (streamOptions !== undefined && !stream)
    return refuse(
      "Stream options can only be defined when `stream=True`. (parameter=stream_options)",
      "stream_options",
    );
  const unknown = unknownModel(body, model);
  if (unknown !== undefined) return { error: unknown };
  const tokens = promptTokens(body, chat, model.tokenizer);
  if (tokens === undefined) return { error: missing(chat ? "messages" : "prompt", body) };
  const limit = model.maxModelLen;
  if (tokens.length >= limit)
    return refuse(
      `This model's maximum context length is ${limit} tokens. However, your prompt contains at least ${limit + 1} input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=${limit + 1})`,
      "input_tokens",
    );
  const asked =
    number(body["max_completion_tokens"]) ?? number(body["max_tokens"]) ?? (chat ? limit : 16);
  if (asked < 1)
    return refuse(
      `max_tokens must be at least 1, got ${asked}. (parameter=max_tokens, value=${asked})`,
      "max_tokens",
    );
  const maxTokens = Math.min(asked, limit - tokens.length);
  const minTokens = number(body["min_tokens"]) ?? 0;
  if (minTokens > maxTokens)
    return refuse(
      `min_tokens must be less than or equal to max_tokens=${maxTokens}, got ${minTokens}.`,
      null,
    );
  const salt = body["cache_salt"];
  return {
    chat,
    tokens,
    maxTokens,
    minTokens,
    ignoreEos: body["ignore_eos"] === true,
    breaksAfter: chat && isHarmony(model.id) ? harmonyBreak(body, tokens, model) : Infinity,
    salt: typeof salt === "string" ? salt : undefined,
    stream,
    usage:
      streamOptions?.["include_usage"] !== true
        ? "none"
        : streamOptions["continuous_usage_stats"] === true
          ? "continuous"
          : "end",
  };
}

function isHarmony(model: string): boolean {
  return /gpt-oss/i.test(model);
}

/** `<|end|>`, which `min_tokens` does not suppress. */
const HARMONY_END = 200_007;

/** If the model has to continue after `<|end|>`, its output violates the format (vllm-project/vllm#50690). */
function harmonyBreak(
  body: Json,
  tokens: readonly number[],
  { harmonyBreaks }: Pick<ServedModel, "harmonyBreaks">,
): number {
  const forced = body["ignore_eos"] === true || (number(body["min_tokens"]) ?? 0) > 0;
  const stops = body["stop_token_ids"];
  const masked = Array.isArray(stops) && stops.includes(HARMONY_END);
  return forced && (!masked || harmonyBreaks) ? naturalLength(tokens, 0) : Infinity;
}

export function unknownModel(body: Json, model: ServedModel): OpenAiError | undefined {
  const asked = body["model"];
  if (asked === undefined || asked === null || asked === model.id) return undefined;
  return openAiError(
    404,
    `The model \`${typeof asked === "string" ? asked : JSON.stringify(asked)}\` does not exist. Valid aliases: ${model.id}.`,
    "model",
  );
}

/** The tokens of `messages` or `prompt`; undefined if both are invalid. */
export function promptTokens(
  body: Json,
  chat: boolean,
  tokenizer: Tokenizer,
): readonly number[] | undefined {
  if (!chat) {
    const prompt = body["prompt"];
    return typeof prompt === "string" ? tokenizer.encode(prompt) : undefined;
  }
  const messages = body["messages"];
  if (!Array.isArray(messages) || messages.length === 0) return undefined;
  return tokenizer.encodeChat(messages.map(chatMessage));
}

function chatMessage(message: unknown): ChatMessage {
  const { role, content } = record(message) ?? {};
  const parts: unknown[] = Array.isArray(content) ? content : [{ text: content }];
  const texts = parts.map((part) => record(part)?.["text"]);
  return {
    role: typeof role === "string" ? role : "user",
    content: texts.filter((text) => typeof text === "string").join("\n"),
  };
}

export function missing(field: string, body: Json): OpenAiError {
  return validationError(
    `{'type': 'missing', 'loc': 'body.${field}', 'msg': 'Field required', 'input': ${JSON.stringify(body).slice(0, 200)}}`,
  );
}

export function record(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Json)
    : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? Math.floor(value) : undefined;
}

function refuse(message: string, param: string | null): Rejection {
  return { error: openAiError(400, message, param) };
}
