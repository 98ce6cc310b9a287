import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { connectionTo } from "../../src/vllm/api-base.ts";
import { NoAnswerError, UnreachableError } from "../../src/vllm/connection.ts";
import { realClock } from "../../src/support/clock.ts";
import { ExitCode, SweepError } from "../../src/support/errors.ts";
import { httpClient } from "../../src/vllm/http-client.ts";

const never = new AbortController().signal;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    onConnection(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function refusal(apiBase: string, apiKey?: string): SweepError {
  try {
    connectionTo(apiBase, apiKey);
  } catch (error) {
    if (error instanceof SweepError) return error;
  }
  throw new Error("it was accepted");
}

describe("the address of a server", () => {
  it.each([
    ["http://127.0.0.1:8000", "/v1", "127.0.0.1:8000"],
    ["http://127.0.0.1:8000/v1/", "/v1", "127.0.0.1:8000"],
    ["https://gpu.example/proxy/v1", "/proxy/v1", "gpu.example"],
  ])("%s has the routes under %s", (apiBase, basePath, host) => {
    expect(connectionTo(apiBase, "key")).toMatchObject({ basePath, host, apiKey: "key" });
  });

  it.each(["ftp://x", "127.0.0.1:8000", "http://me@x", ""])("%j is a usage error", (apiBase) => {
    expect(refusal(apiBase).exitCode).toBe(ExitCode.usage);
  });
});

describe("a key that is invalid in a header", () => {
  it.each([
    ["carriage return", "\r"],
    ["line feed", "\n"],
    ["escape", "\u001b"],
    ["euro", "\u20ac"],
  ])("is a usage error that does not show it: %s", (_, character) => {
    const error = refusal("http://127.0.0.1:8000", `sk-secret${character}`);
    expect(error.exitCode).toBe(ExitCode.usage);
    const shown = [error.message, error.reason, error.hint].join(" ");
    expect(shown).toContain("OPENAI_API_KEY");
    expect(shown).not.toContain("secret");
  });
});

describe("a server that cannot be reached", () => {
  it("is reported with its address and the reason", async () => {
    const port = await listen(() => undefined);
    servers.splice(0)[0]?.close();
    const opened = connectionTo(`http://127.0.0.1:${String(port)}`, undefined).open(never);
    await expect(opened).rejects.toBeInstanceOf(UnreachableError);
    await expect(opened).rejects.toThrow(
      /^127\.0\.0\.1:\d+ cannot be reached: connect ECONNREFUSED/,
    );
  });

  it("is reported in plain words if it does not use TLS, without a warning of Node's", async () => {
    const port = await listen((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", onWarning);
    const connection = connectionTo(`https://127.0.0.1:${String(port)}`, undefined);
    await expect(connection.open(never)).rejects.toThrow(
      "it does not use TLS: use an address that begins with http://",
    );
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });

  it("is reported in plain words if it uses TLS", async () => {
    // An alert record: "unexpected message".
    const port = await listen((socket) => socket.end(Buffer.from("1503030002020a", "hex")));
    const connection = connectionTo(`http://127.0.0.1:${String(port)}`, undefined);
    const client = httpClient(connection, realClock());
    const asked = client.get("/v1/models", never);
    await expect(asked).rejects.toBeInstanceOf(NoAnswerError);
    await expect(asked).rejects.toThrow("the answer is not HTTP");
    client.close();
  });

  it("is waited for until the signal is aborted", async () => {
    const connection = connectionTo("http://127.0.0.1:9", undefined);
    await expect(connection.open(AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
  });
});
