import type { HttpClient, HttpReply } from "../../src/vllm/http-client.ts";

/** A client whose server answers as it is given; an error is thrown. Requests are counted by `METHOD path`. */
export function stubClient(
  answer: (request: string, body: unknown) => { status?: number; body: string } | Error,
): HttpClient & { readonly asked: string[] } {
  const asked: string[] = [];
  const send = (request: string, body: unknown): Promise<HttpReply> => {
    asked.push(request);
    const given = answer(request, body);
    return given instanceof Error
      ? Promise.reject(given)
      : Promise.resolve({ status: 200, seconds: 0, ...given });
  };
  return {
    asked,
    get: (path) => send(`GET ${path}`, undefined),
    post: (path, body) => send(`POST ${path}`, body),
    close: () => undefined,
  };
}
