import { oneLine } from "../support/terminal-text.ts";

/** A chunk of a stream, or the body of an error reply. Every field is validated, since any server may have sent it. */
export interface ChatChunk {
  readonly error: string | undefined;
  readonly usage: Usage | undefined;
  /** Undefined in the chunk with the final usage. */
  readonly choice: ChunkChoice | undefined;
}

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number | undefined;
}

export interface ChunkChoice {
  readonly index: number;
  readonly text: string;
  readonly reasoning: string;
  /** Whether it has text, reasoning, or part of a tool call. */
  readonly hasContent: boolean;
  readonly finishReason: string | undefined;
}

/** Longer messages quote the prompt. */
const MAX_MESSAGE_LENGTH = 400;

type Json = Readonly<Record<string, unknown>>;

/** @returns undefined if `data` is not a JSON object */
export function readChunk(data: string): ChatChunk | undefined {
  const chunk = parseObject(data);
  if (chunk === undefined) return undefined;
  const first: unknown = Array.isArray(chunk["choices"]) ? chunk["choices"][0] : undefined;
  return {
    error: chunk["error"] === undefined || chunk["error"] === null ? undefined : errorMessage(data),
    usage: readUsage(chunk["usage"]),
    choice: isObject(first) ? readChoice(first) : undefined,
  };
}

/**
 * Extracts the message from vLLM's `{"error":{"message"}}` or FastAPI's `{"detail"}`; any other body is returned itself.
 * Control characters are removed, and the text is cut to 400 characters.
 */
export function errorMessage(body: string): string {
  const reply = parseObject(body);
  const error = reply?.["error"];
  const message = isObject(error) ? error["message"] : (error ?? reply?.["detail"]);
  const text = typeof message === "string" ? message : body;
  return oneLine(text).slice(0, MAX_MESSAGE_LENGTH);
}

function readChoice(choice: Json): ChunkChoice {
  const delta = isObject(choice["delta"]) ? choice["delta"] : {};
  const text = asText(delta["content"]) || asText(choice["text"]); // `text`: the route without a chat template
  // vLLM renamed `reasoning_content` to `reasoning`.
  const reasoning = asText(delta["reasoning"]) || asText(delta["reasoning_content"]);
  const calls = Array.isArray(delta["tool_calls"]) && delta["tool_calls"].length > 0;
  const finish = choice["finish_reason"];
  return {
    index: typeof choice["index"] === "number" ? choice["index"] : 0,
    text,
    reasoning,
    hasContent: text !== "" || reasoning !== "" || calls,
    finishReason: typeof finish === "string" ? finish : undefined,
  };
}

function readUsage(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined;
  const {
    prompt_tokens: prompt,
    completion_tokens: completion,
    prompt_tokens_details: details,
  } = usage;
  if (typeof prompt !== "number" || typeof completion !== "number") return undefined;
  const cached = isObject(details) ? details["cached_tokens"] : undefined;
  return {
    promptTokens: prompt,
    completionTokens: completion,
    cachedTokens: typeof cached === "number" ? cached : undefined,
  };
}

function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}
