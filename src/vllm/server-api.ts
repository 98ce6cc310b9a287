import { median } from "../evidence/statistics.ts";
import type { Test } from "../evidence/suite.ts";
import { oneLine } from "../support/terminal-text.ts";
import { errorMessage } from "./chat-chunk.ts";
import { NoAnswerError } from "./connection.ts";
import type { ServerUnderTest } from "./connection.ts";
import type { HttpClient, HttpReply } from "./http-client.ts";

/** The first completion may have to compile kernels. */
const FIRST_COMPLETION_MS = 180_000;

const ROUND_TRIP_PROBES = 10;

/** An entry of `/v1/models`. */
export interface ServedModel {
  readonly id: string;
  /** Path or repository; undefined if the server does not name it. */
  readonly root: string | undefined;
  readonly maxModelLen: number | undefined;
}

/** vLLM serves `/metrics`, `/tokenize`, `/health` and `/version` next to `/v1`, not under it. */
export function rootPath(basePath: string): string {
  return basePath.replace(/\/+$/, "").replace(/\/v1$/, "");
}

export function chatPath(server: Pick<ServerUnderTest, "basePath">): string {
  return `${server.basePath.replace(/\/+$/, "")}/chat/completions`;
}

/** @returns the median duration of `/health` over an open connection, in seconds on the run's clock */
export async function roundTrip(
  client: HttpClient,
  basePath: string,
  signal: AbortSignal,
): Promise<number> {
  const path = `${rootPath(basePath)}/health`;
  await client.get(path, signal); // opens the connection
  const seconds: number[] = [];
  for (let probe = 0; probe < ROUND_TRIP_PROBES; probe += 1)
    seconds.push((await client.get(path, signal)).seconds);
  return median(seconds);
}

/** @throws NoAnswerError if the server lists no models */
export async function servedModels(
  client: HttpClient,
  basePath: string,
  signal: AbortSignal,
): Promise<ServedModel[]> {
  const path = `${basePath.replace(/\/+$/, "")}/models`;
  const data = field(await getJson(client, path, signal), "data");
  if (!Array.isArray(data)) throw new NoAnswerError(`${path} lists no models`);
  return data.map((model: unknown) => ({
    id: String(field(model, "id")),
    root: optional(field(model, "root"), "string"),
    maxModelLen: optional(field(model, "max_model_len"), "number"),
  }));
}

/** @returns undefined if the server does not say */
export async function vllmVersion(
  client: HttpClient,
  basePath: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const reply = await client.get(`${rootPath(basePath)}/version`, signal);
  const version =
    reply.status === 200 ? optional(field(parse(reply.body), "version"), "string") : undefined;
  return version === undefined ? undefined : oneLine(version).slice(0, 80);
}

/**
 * Counts the tokens of the messages in the model's chat template, including the start of the assistant's reply.
 * @returns undefined if the server has no `/tokenize`, Infinity for a prompt that is longer than the context window
 * @throws NoAnswerError if the server refuses
 */
export async function countTokens(
  client: HttpClient,
  server: Pick<ServerUnderTest, "basePath" | "model">,
  messages: Test["messages"],
  signal: AbortSignal,
): Promise<number | undefined> {
  const body = { model: server.model, messages, add_generation_prompt: true };
  const reply = await client.post(`${rootPath(server.basePath)}/tokenize`, body, signal);
  if (reply.status === 404 || reply.status === 405) return undefined;
  const count = field(parse(reply.body), "count");
  if (reply.status === 200 && typeof count === "number") return count;
  if (reply.status === 400 && errorMessage(reply.body).includes("maximum context length"))
    return Infinity;
  throw refusal("/tokenize", reply);
}

/**
 * Requests one token, to check that the model answers.
 * @returns the `system_fingerprint`, if any: since 2026-04 it has vLLM's version and parallelism
 * (`vllm-0.32.0-tp2-3bef6e5d`)
 * @throws NoAnswerError if the server refuses
 */
export async function probeCompletion(
  client: HttpClient,
  basePath: string,
  model: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const path = chatPath({ basePath });
  const messages = [{ role: "user", content: "Hello" }];
  const body = { model, messages, max_tokens: 1 };
  const reply = await client.post(path, body, signal, { timeoutMs: FIRST_COMPLETION_MS });
  if (reply.status === 200)
    return optional(field(parse(reply.body), "system_fingerprint"), "string");
  throw refusal(path, reply);
}

async function getJson(client: HttpClient, path: string, signal: AbortSignal): Promise<unknown> {
  const reply = await client.get(path, signal);
  if (reply.status === 200) return parse(reply.body);
  throw refusal(path, reply);
}

function refusal(path: string, { status, body }: HttpReply): NoAnswerError {
  return new NoAnswerError(`${path}: HTTP ${String(status)}: ${errorMessage(body)}`, status);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function optional(value: unknown, kind: "string"): string | undefined;
function optional(value: unknown, kind: "number"): number | undefined;
function optional(value: unknown, kind: "string" | "number"): unknown {
  return typeof value === kind ? value : undefined;
}
