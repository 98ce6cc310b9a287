import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { CloudError } from "../../src/cloud/cloud.ts";
import { createLinodeCloud, createLinodeReader } from "../../src/cloud/linode-cloud.ts";
import { jumpingClock } from "./jumping-clock.ts";
import { VM_REPLY } from "./linode-replies.ts";

// Real sockets show what interceptors cannot: which host was contacted, and what left this machine.

const TOKEN = "t0ken-canary-".repeat(4);
const PROXY_VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"];
const signal = new AbortController().signal;
const servers: Server[] = [];

afterEach(async () => {
  for (const name of PROXY_VARIABLES) delete process.env[name];
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return { server, url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` };
}

const cloudAt = (apiUrl: string, ceilingMs?: number) =>
  createLinodeCloud({ apiUrl, token: TOKEN, clock: jumpingClock(0, ceilingMs) });
const caught = async (promise: Promise<unknown>): Promise<CloudError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CloudError);
  return error as CloudError;
};

it("a request to a closed port was not sent", async () => {
  const { server, url } = await listen(() => undefined);
  await new Promise((resolve) => server.close(resolve));
  const error = await caught(cloudAt(url).rebootVm(1));
  expect(error).toMatchObject({ kind: "unreachable", sent: false });
});

it("a write whose connection breaks after the request may have taken effect", async () => {
  const { url } = await listen((request) => request.socket.destroy());
  const error = await caught(cloudAt(url).rebootVm(1));
  expect(error).toMatchObject({ kind: "transient", sent: true });
});

it("a write whose reply breaks off may have taken effect", async () => {
  const { url } = await listen((request, response) => {
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
    response.write('{"id":', () => request.socket.destroy());
  });
  expect(await caught(cloudAt(url).rebootVm(1))).toMatchObject({ kind: "transient", sent: true });
});

it("a write that is never answered times out and may have taken effect", async () => {
  const { url } = await listen(() => undefined);
  const error = await caught(cloudAt(url, 50).rebootVm(1));
  expect(error).toMatchObject({ kind: "transient", sent: true });
});

it("a read whose reply never ends times out and is retried", async () => {
  let calls = 0;
  const { url } = await listen((_, response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    if (++calls > 1) {
      response.end(JSON.stringify(VM_REPLY));
      return;
    }
    const drip = setInterval(() => response.write(" "), 10);
    response.on("close", () => {
      clearInterval(drip);
    });
  });
  expect((await cloudAt(url, 100).getVm(1, signal))?.id).toBe(VM_REPLY.id);
});

it("a read in flight ends when its signal is aborted, with the signal's reason", async () => {
  const stop = new AbortController();
  const reason = new Error("SIGTERM");
  const { url } = await listen(() => {
    stop.abort(reason);
  });
  await expect(cloudAt(url).getVm(1, stop.signal)).rejects.toBe(reason);
});

it("a proxy from the environment never gets requests to this machine", async () => {
  const { url } = await listen((_, response) => response.end(JSON.stringify(VM_REPLY)));
  for (const name of PROXY_VARIABLES) process.env[name] = "http://127.0.0.1:9";
  expect((await cloudAt(url).getVm(1, signal))?.id).toBe(VM_REPLY.id);
  const byName = createLinodeReader({
    apiUrl: `${url.replace("127.0.0.1", "localhost")}/v4`,
    token: TOKEN,
    clock: jumpingClock(0),
  });
  expect((await byName.getVm(1, signal))?.id).toBe(VM_REPLY.id);
});

it("a proxy to Linode is asked for a tunnel and does not see the token", async () => {
  const asked: string[] = [];
  const proxy = await listen((request) => asked.push(`${request.method ?? ""} in clear text`));
  proxy.server.on("connect", (request, socket) => {
    asked.push(`CONNECT ${request.url ?? ""} ${JSON.stringify(request.headers)}`);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  process.env["HTTPS_PROXY"] = proxy.url;
  const error = await caught(cloudAt("https://api.linode.com").rebootVm(1));
  expect(error).toMatchObject({ kind: "unreachable", sent: false });
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatch(/^CONNECT api\.linode\.com:443/);
  expect(asked[0]).not.toContain("canary");
});
