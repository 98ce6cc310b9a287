import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { duplexPair } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { parseStream } from "../../src/benchmark/parse-stream.ts";
import { sendChat, streamRequest } from "../../src/benchmark/stream-request.ts";
import type { RawReply } from "../../src/benchmark/stream-request.ts";
import { realClock } from "../../src/support/clock.ts";
import { chatRequest } from "../../src/vllm/chat-request.ts";
import { recordedReads } from "./recorded-reply.ts";
import { never, prompt, reference, underTest } from "./reference.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that runs a callback for each connection and stores the received data. */
async function listen(onRequest: (socket: Socket, read: string) => void): Promise<number> {
  const server = createServer((socket) => {
    let read = "";
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      read += bytes.toString("latin1");
      if (read.includes("\r\n\r\n{}")) onRequest(socket, read);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const limits = {
  firstByteMs: 60_000,
  idleMs: 60_000,
  totalMs: 600_000,
  bytes: 1 << 20,
  maxTokens: 16,
};

/** Timeouts take a millisecond instead of a second. */
const impatient = { ...realClock(), ceiling: (ms: number) => ms / 1000 };

async function ask(port: number, clock = realClock(), signal = never): Promise<RawReply> {
  const connection = await underTest({ port, model: "m" }).open(signal);
  const request = { path: "/v1/chat/completions", apiKey: "secret", body: "{}", limits };
  return streamRequest(connection, request, clock, signal);
}
const HEAD = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/** Writes parts of a body for as long as the connection is open. */
function endless(socket: Socket, part: string): void {
  const chunk = `${part.length.toString(16)}\r\n${part}\r\n`;
  const more = (): void => {
    if (!socket.destroyed) socket.write(chunk, () => setTimeout(more, 1));
  };
  socket.write(HEAD);
  more();
}

describe("an endless stream", () => {
  const event = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n';

  it.each([
    ["more tokens than were asked for", event],
    ["several events in a read", event.repeat(7)],
    ["bytes that are no event", "x".repeat(4_096)],
    ["events without an end", event.replaceAll("\n", " ").repeat(100)],
  ])("is abandoned: %s", async (_, part) => {
    const port = await listen((socket) => endless(socket, part));
    const reply = await ask(port);
    expect(reply.exceeded).toBe("the reply did not end after the 16 requested tokens");
    const bytes = [...reply.arrivals].reduce((sum, read) => sum + read.bytes.length, 0);
    expect(bytes).toBeLessThan(limits.bytes + 1_000_000);
  });

  it("is abandoned after the total timeout if it only sends keepalive comments", async () => {
    const port = await listen((socket) => endless(socket, ": ping\n\n"));
    expect((await ask(port, impatient)).exceeded).toBe("the reply did not end within 600 s");
  });

  it("is distinguished from a reply of the requested length", async () => {
    const body = `${event.repeat(limits.maxTokens + 1)}data: [DONE]\n\n`;
    const port = await listen((socket) =>
      socket.end(`${HEAD}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`),
    );
    expect(await ask(port)).toMatchObject({ broken: undefined, exceeded: undefined });
  });
});

describe("one streaming request", () => {
  it("is a complete POST with a content length, written at once", async () => {
    let seen = "";
    const port = await listen((socket, read) => {
      seen = read;
      socket.end(`${HEAD}0\r\n\r\n`);
    });
    const reply = await ask(port);
    expect(seen).toMatch(/^POST \/v1\/chat\/completions HTTP\/1.1\r\n/);
    expect(seen).toMatch(/content-length: 2\r\n/i);
    expect(seen).toMatch(/authorization: Bearer secret\r\n/i);
    expect(reply).toMatchObject({ status: 200, broken: undefined });
    expect([...reply.arrivals]).toEqual([]);
    expect(reply.headers).toBeGreaterThanOrEqual(reply.sent);
    expect(reply.ended).toBeGreaterThanOrEqual(reply.headers ?? Infinity);
  });

  it("returns the same metrics for a recorded reply, however it is split", async () => {
    const bytes = Buffer.concat(recordedReads("chat_stream_continuous").map((read) => read.bytes));
    const port = await listen((socket) => {
      for (let at = 0; at < bytes.length; at += 333) socket.write(bytes.subarray(at, at + 333));
      socket.end();
    });
    const parsed = await parseStream(await ask(port), { maxTokens: 16, exact: true }, realClock());
    expect(parsed).toMatchObject({
      metrics: { completionTokens: 16, promptTokens: 34, chunks: 16 },
    });
  });

  it("works on a stream that is not a socket, such as an SSH channel", async () => {
    const port = await listen((socket) => socket.end(`${HEAD}0\r\n\r\n`));
    const socket = await underTest({ port, model: "m" }).open(never);
    const [near, target] = duplexPair();
    target.pipe(socket).pipe(target);
    const request = { path: "/", apiKey: undefined, body: "{}", limits };
    expect(await streamRequest(near, request, realClock(), never)).toMatchObject({ status: 200 });
    expect(near.destroyed).toBe(true);
  });

  it.each([
    ["before the headers", ""],
    ["after the headers", HEAD],
    ["in the middle of the body", `${HEAD}5\r\nhello\r\n`],
  ])("times out if no more data comes %s", async (_, sent) => {
    const port = await listen((socket) => socket.write(sent));
    expect((await ask(port, impatient)).broken).toBe("no byte for 60 s");
  });

  it("gives a long prompt longer until the first byte than a short one", async () => {
    const server = await reference({ clock: realClock(), ttftMs: 400, tpotMs: 1 });
    const clock = { ...realClock(), ceiling: (ms: number) => (ms <= 60_000 ? 50 : 15_000) };
    const answer = async (content: string): Promise<string | undefined> => {
      const chat = chatRequest(server, prompt("one", 4, content), "fixed");
      return (await sendChat(underTest(server), chat, 1, clock, never)).broken;
    };
    expect(await answer("Tell me more.")).toBe("no byte for 60 s");
    expect(await answer("word ".repeat(13_000))).toBeUndefined();
  });

  it("waits for a slow server as long as data comes", async () => {
    const port = await listen((socket) => {
      socket.write(HEAD);
      let left = 6;
      const timer = setInterval(() => {
        left -= 1;
        socket.write(left > 0 ? "1\r\nx\r\n" : "0\r\n\r\n");
        if (left === 0) clearInterval(timer);
      }, 30);
    });
    expect((await ask(port, { ...realClock(), ceiling: (ms) => ms / 400 })).broken).toBeUndefined();
  });

  it.each([
    ["at once", ""],
    ["in mid-stream", `${HEAD}5\r\nhello\r\n`],
    ["with something else than HTTP", "SSH-2.0-OpenSSH\r\n"],
  ])("reports a broken connection: %s", async (_, sent) => {
    const port = await listen((socket) => socket.end(sent));
    expect((await ask(port)).broken).toContain("the connection broke");
  });

  it("rejects with the signal's reason and closes its connection", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    let close = (): void => undefined;
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    const port = await listen((socket) => {
      socket.once("close", close);
      controller.abort(reason);
    });
    await expect(ask(port, realClock(), controller.signal)).rejects.toBe(reason);
    await closed;
  });

  it("is not sent if the signal was already aborted", async () => {
    const port = await listen(() => undefined);
    await expect(ask(port, realClock(), AbortSignal.abort(new Error("no")))).rejects.toThrow("no");
  });
});
