import { oneLine } from "../support/terminal-text.ts";

/** What a chunk of a stream, or the body of an error, says. Every field is checked: any server may have sent it. */
export interface ChatChunk {
  readonly error: string | undefined;
  readonly usage: Usage | undefined;
  /** Undefined in the chunk that only carries the final usage. */
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
  /** Any text, reasoning or part of a tool call. */
  readonly bearsText: boolean;
  readonly finishReason: string | undefined;
}

/** Longer ones quote the prompt. */
const LONGEST_MESSAGE = 400;

type Json = Readonly<Record<string, unknown>>;

/** Undefined when it is not a JSON object. */
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
 * The message in vLLM's `{"error":{"message"}}` or FastAPI's `{"detail"}`, else the text itself; without control
 * characters, at most 400 characters.
 */
export function errorMessage(body: string): string {
  const reply = parseObject(body);
  const error = reply?.["error"];
  const message = isObject(error) ? error["message"] : (error ?? reply?.["detail"]);
  const text = typeof message === "string" ? message : body;
  return oneLine(text).slice(0, LONGEST_MESSAGE);
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
    bearsText: text !== "" || reasoning !== "" || calls,
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
