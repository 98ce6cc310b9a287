import { createServer } from "node:http";
import { createServer as createRawServer } from "node:net";
import type { RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { duplexPair } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { NoAnswerError } from "../../src/vllm/connection.ts";
import type { ServerUnderTest } from "../../src/vllm/connection.ts";
import { httpClient } from "../../src/vllm/http-client.ts";
import type { HttpClient } from "../../src/vllm/http-client.ts";
import { countTokens, rootPath, servedModels, vllmVersion } from "../../src/vllm/server-api.ts";
import { realClock } from "../../src/support/clock.ts";
import { recordedReads } from "../benchmark/recorded-reply.ts";
import { never, underTest } from "../benchmark/reference.ts";

const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0)) end();
});
async function listen(handler: RequestListener): Promise<{ server: Server; port: number }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ended.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port };
}
function client(
  port: number,
  changes: Partial<ServerUnderTest> = {},
  clock = realClock(),
): { http: HttpClient; opened: () => number } {
  let opened = 0;
  const under = underTest({ port, model: "m" }, changes);
  const open: ServerUnderTest["open"] = (signal) => {
    opened += 1;
    return under.open(signal);
  };
  const http = httpClient({ ...under, open }, clock);
  ended.push(() => http.close());
  return { http, opened: () => opened };
}

describe("short requests", () => {
  it.each([
    ["detokenize", "/detokenize", { prompt: "( torable" }],
    [
      "tokenize_prompt",
      "/tokenize",
      {
        count: 5,
        max_model_len: 8192,
        tokens: [1539, 1047, 375, 299, 1334],
        token_strs: null,
      },
    ],
    ["version", "/version", { version: "0.32.0" }],
  ])("read a real server's bytes: %s", async (name, path, body) => {
    const raw = createRawServer((socket) => {
      socket.once("data", () => socket.end(Buffer.concat(recordedReads(name).map((r) => r.bytes))));
    });
    await new Promise<void>((resolve) => raw.listen(0, "127.0.0.1", resolve));
    ended.push(() => raw.close());
    const { http } = client((raw.address() as AddressInfo).port);
    const reply = await http.post(path, {}, never);
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.body)).toEqual(body);
  });

  it("go one after another over one warm connection", async () => {
    const { port } = await listen((request, reply) => {
      let body = "";
      request.on("data", (bytes: Buffer) => (body += bytes.toString()));
      request.on("end", () => reply.end(`${request.method} ${request.url} ${body}`));
    });
    const { http, opened } = client(port);
    expect(await http.get("/health", never)).toMatchObject({ status: 200, body: "GET /health " });
    expect((await http.post("/tokenize", { a: 1 }, never)).body).toBe('POST /tokenize {"a":1}');
    expect((await http.get("/x", never)).seconds).toBeGreaterThan(0);
    expect(opened()).toBe(1);
  });

  it("open a new connection when the server closed the idle one", async () => {
    const { port, server } = await listen((_, reply) => reply.end("ok"));
    const { http, opened } = client(port);
    await http.get("/a", never);
    server.closeAllConnections();
    expect((await http.get("/b", never)).body).toBe("ok");
    expect(opened()).toBe(2);
  });

  it("carry the key", async () => {
    const { port } = await listen((request, reply) => reply.end(request.headers.authorization));
    expect((await client(port, { apiKey: "k" }).http.get("/", never)).body).toBe("Bearer k");
  });

  it("report that the server did not answer", async () => {
    const { port } = await listen((request) => request.socket.destroy());
    await expect(client(port).http.get("/", never)).rejects.toBeInstanceOf(NoAnswerError);
    const silent = await listen(() => undefined);
    const { http } = client(silent.port, {}, { ...realClock(), ceiling: () => 50 });
    await expect(http.get("/metrics", never)).rejects.toThrow("no answer to GET /metrics");
  });

  it("end when the answer is too long to be one", async () => {
    const { port } = await listen((_, reply) => {
      const send = (): void => {
        if (!reply.destroyed) reply.write("x".repeat(1 << 20), send);
      };
      send();
    });
    await expect(client(port).http.get("/metrics", never)).rejects.toThrow("longer than 8 MiB");
  });

  it("work on a stream that is no socket, as an SSH channel", async () => {
    const { port } = await listen((_, reply) => reply.end("ok"));
    const open: ServerUnderTest["open"] = async (signal) => {
      const socket = await underTest({ port, model: "m" }).open(signal);
      const [near, far] = duplexPair();
      far.pipe(socket).pipe(far);
      return near;
    };
    expect((await client(port, { open }).http.get("/", never)).body).toBe("ok");
  });

  it("throw what opening threw, and the signal's reason", async () => {
    const lost = new Error("link lost");
    const { http } = client(1, {});
    await expect(http.get("/", never)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const failing = httpClient(
      { open: () => Promise.reject(lost), apiKey: undefined },
      realClock(),
    );
    await expect(failing.get("/", never)).rejects.toBe(lost);
    const { port } = await listen(() => undefined);
    const controller = new AbortController();
    const running = client(port).http.get("/", controller.signal);
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
  });
});

describe("the API of a server", () => {
  it.each([
    ["/v1", ""],
    ["/v1/", ""],
    ["/proxy/v1", "/proxy"],
    ["", ""],
  ])("stands beside %j", (basePath, root) => {
    expect(rootPath(basePath)).toBe(root);
  });

  it("its models, its version, its tokens", async () => {
    const { port } = await listen((request, reply) => {
      const answers: Record<string, unknown> = {
        "/v1/models": {
          data: [{ id: "tiny", root: "/models/tiny", max_model_len: 8192 }, { id: "b" }],
        },
        "/version": { version: "0.32.0" },
        "/tokenize": { count: 34, max_model_len: 8192 },
      };
      reply.end(JSON.stringify(answers[request.url ?? ""]));
    });
    const { http } = client(port);
    expect(await servedModels(http, "/v1", never)).toEqual([
      { id: "tiny", root: "/models/tiny", maxModelLen: 8192 },
      { id: "b", root: undefined, maxModelLen: undefined },
    ]);
    expect(await vllmVersion(http, "/v1", never)).toBe("0.32.0");
    expect(await countTokens(http, { basePath: "/v1", model: "tiny" }, [], never)).toBe(34);
  });

  it.each([
    [404, { detail: "Not Found" }, undefined],
    [400, { error: { message: "This model's maximum context length is 8192 tokens." } }, Infinity],
  ])("HTTP %i to /tokenize is an answer too", async (status, body, count) => {
    const { port } = await listen((_, reply) => reply.writeHead(status).end(JSON.stringify(body)));
    const { http } = client(port);
    expect(await countTokens(http, { basePath: "/v1", model: "m" }, [], never)).toBe(count);
  });

  it("is an error in its own words when it refuses", async () => {
    const { port } = await listen((_, reply) =>
      reply.writeHead(401).end('{"error":"Unauthorized"}'),
    );
    const { http } = client(port);
    await expect(servedModels(http, "/v1", never)).rejects.toThrow(
      "/v1/models: HTTP 401: Unauthorized",
    );
    await expect(countTokens(http, { basePath: "/v1", model: "m" }, [], never)).rejects.toThrow(
      "HTTP 401",
    );
  });
});
