import type { HttpClient, HttpReply } from "../../src/vllm/http-client.ts";

/** A client whose replies come from a callback. If it returns an error, the request rejects. */
export function stubClient(
  answer: (request: string, body: unknown) => { status?: number; body: string } | Error,
): HttpClient & {
  /** Each as `METHOD path`. */
  readonly requests: string[];
} {
  const requests: string[] = [];
  const send = (request: string, body: unknown): Promise<HttpReply> => {
    requests.push(request);
    const reply = answer(request, body);
    return reply instanceof Error
      ? Promise.reject(reply)
      : Promise.resolve({ status: 200, seconds: 0, ...reply });
  };
  return {
    requests,
    get: (path) => send(`GET ${path}`, undefined),
    post: (path, body) => send(`POST ${path}`, body),
    close: () => undefined,
  };
}
