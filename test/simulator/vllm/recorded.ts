import { readFileSync } from "node:fs";

/** A recorded exchange with a real vLLM. */
export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly request: Readonly<Record<string, unknown>> | undefined;
  readonly status: number;
  /** Body with the chunks' sizes and the reading stamps still in it. */
  readonly body: string;
}

export function recorded(name: string): Recorded {
  const file = new URL(`../../../fixtures/vllm/${name}.txt`, import.meta.url);
  const text = readFileSync(file, "utf8").replaceAll("\r\n", "\n");
  const [, method = "", path = ""] = /^>>> (\w+) (\S+)/.exec(text) ?? [];
  const json = /^>>> (\{.*\}|".*")$/m.exec(text)?.[1];
  const request = json?.includes(" characters cut ") === true ? undefined : json;
  const answer = text.slice(text.indexOf("<<<\n"));
  return {
    method,
    path,
    request: request === undefined ? undefined : (JSON.parse(request) as Record<string, unknown>),
    status: Number(/^HTTP\/1.1 (\d+)/m.exec(answer)?.[1]),
    body: answer.slice(answer.indexOf("\n\n") + 2),
  };
}

/** Keys in their order, and the kinds of values: what a parser can rely on. */
export function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])];
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  return Object.entries(value).map(([key, inner]) => [key, shape(inner)]);
}

/** Shapes of the events of a stream, with what merely repeats left out. */
export function shapes(events: readonly unknown[]): unknown[] {
  const all = events.map((event) => JSON.stringify(event === "[DONE]" ? event : shape(event)));
  return all
    .filter((one, index) => one !== all[index - 1])
    .map((one) => JSON.parse(one) as unknown);
}
