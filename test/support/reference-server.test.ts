import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import {
  startReferenceServer,
  type ReferenceOptions,
  type ReferenceServer,
} from "./reference-server.ts";
import { ask, events, fixedLength, type Answer } from "../simulator/ssh/ssh-login.ts";

const TOKENS = 24;
let servers: ReferenceServer[] = [];

afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});

async function start(options: Partial<ReferenceOptions> = {}): Promise<ReferenceServer> {
  const server = await startReferenceServer({ ttftMs: 2, tpotMs: 0.2, ...options });
  servers.push(server);
  return server;
}

function complete(server: ReferenceServer, more: object = {}, onData?: (bytes: Buffer) => void) {
  const body = fixedLength(server.model, TOKENS, more);
  return ask(connect(server.port, "127.0.0.1"), "/v1/chat/completions", body, onData);
}

type Event = Readonly<Record<string, unknown>>;

function tokenEvents(answer: Answer): Event[] {
  return events(answer.body).filter(
    (event): event is Event => event !== "[DONE]" && (event["choices"] as unknown[]).length > 0,
  );
}

function delta(event: Event): Event {
  return (event["choices"] as { delta: Event }[])[0]!.delta;
}

async function metric(server: ReferenceServer, name: string): Promise<number> {
  const { body } = await ask(connect(server.port, "127.0.0.1"), "/metrics");
  const lines = body.split("\n").filter((line) => line.startsWith(`vllm:${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

test("tokens, counters and the log agree, whatever the number of requests in flight", async () => {
  const server = await start();
  await Promise.all(Array.from({ length: 20 }, (_, index) => complete(server, { n: index })));
  expect(server.served().map((one) => one.completion_tokens)).toEqual(Array(20).fill(TOKENS));
  expect(await metric(server, "generation_tokens_total")).toBe(20 * TOKENS);
  expect(await metric(server, "request_success_total")).toBe(20);
  const decode = server.served().reduce((sum, one) => sum + one.last_write - one.first_write, 0);
  expect(await metric(server, "request_decode_time_seconds_sum")).toBeCloseTo(decode, 4);
  const first = server.served().reduce((sum, one) => sum + one.first_write - one.received, 0);
  expect(await metric(server, "time_to_first_token_seconds_sum")).toBeCloseTo(first, 4);
});

test("no token is early, neither the first nor the last", async () => {
  const server = await start({ ttftMs: 7, tpotMs: 1.5 });
  await complete(server);
  const [served] = server.served();
  expect(served!.first_write - served!.received).toBeGreaterThanOrEqual(0.007 - 1e-6);
  expect(served!.last_write - served!.received).toBeGreaterThanOrEqual(
    0.007 + (TOKENS - 1) * 0.0015 - 1e-6,
  );
});

test("chunks of three bytes split characters and `data:` without losing data", async () => {
  const [whole, cut] = await Promise.all([start(), start({ chunkBytes: 3 })]);
  const reads: number[] = [];
  const [one, other] = await Promise.all([
    complete(whole),
    complete(cut, {}, (bytes) => reads.push(bytes.length)),
  ]);
  expect(tokenEvents(other).map(delta)).toEqual(tokenEvents(one).map(delta));
  expect(Math.max(...reads)).toBeLessThanOrEqual(3);
});

test("three tokens per chunk give a third of the events and the same text", async () => {
  const [one, three] = await Promise.all([start(), start({ tokensPerChunk: 3 })]);
  const [fine, coarse] = await Promise.all([complete(one), complete(three)]);
  expect(tokenEvents(fine)).toHaveLength(1 + TOKENS);
  expect(tokenEvents(coarse)).toHaveLength(1 + 1 + Math.ceil((TOKENS - 1) / 3));
  const content = (answer: Answer): string =>
    tokenEvents(answer)
      .map((event) => String(delta(event)["content"]))
      .join("");
  expect(content(coarse)).toBe(content(fine));
});

test("there are comments between the events", async () => {
  const answer = await complete(await start({ comments: true }));
  expect(answer.body.split("\n").filter((line) => line.startsWith(": "))).not.toHaveLength(0);
  expect(tokenEvents(answer)).toHaveLength(1 + TOKENS);
});

test("the first tokens are reasoning", async () => {
  const answer = await complete(await start({ reasoningTokens: 5 }));
  const reasoning = tokenEvents(answer).filter((event) => "reasoning" in delta(event));
  expect(reasoning).toHaveLength(5);
});

test("usage is missing entirely or except at the end", async () => {
  const [none, end] = await Promise.all([
    start({ omitUsage: true }),
    start({ omitContinuousUsage: true }),
  ]);
  expect((await complete(none)).body).not.toContain('"usage"');
  const answer = await complete(end);
  expect(tokenEvents(answer).some((event) => "usage" in event)).toBe(false);
  expect(events(answer.body).at(-2)).toMatchObject({ usage: { completion_tokens: TOKENS } });
});

test("[DONE] is missing", async () => {
  expect((await complete(await start({ omitDone: true }))).body).not.toContain("[DONE]");
});

test("an error can be part of the stream", async () => {
  const server = await start({ errorAfterTokens: 10 });
  const answer = await complete(server);
  expect(answer.status).toBe(200);
  expect(events(answer.body).at(-2)).toMatchObject({ error: { code: 500 } });
  expect(server.served()[0]!.completion_tokens).toBe(10);
  expect(await metric(server, "request_success_total")).toBe(0);
});

test("the model stops early despite ignore_eos", async () => {
  const answer = await complete(await start({ endAfterTokens: 9 }));
  expect(events(answer.body).at(-2)).toMatchObject({ usage: { completion_tokens: 9 } });
  expect(answer.body).toContain('"finish_reason":"stop"');
});

test("the connection breaks during a stream", async () => {
  await expect(complete(await start({ cutAfterTokens: 5 }))).rejects.toThrow(/aborted|hang up/);
});

test("a stream sends no more data while the server counts its request as running", async () => {
  const server = await start({ stallAfterTokens: 5 });
  const connection = connect(server.port, "127.0.0.1");
  const body = fixedLength(server.model, TOKENS);
  let got = "";
  const stream = ask(connection, "/v1/chat/completions", body, (bytes) => {
    got += bytes.toString();
  });
  const end = stream.then(
    () => "ended",
    () => "broke",
  );
  while (!got.includes('"completion_tokens":5,')) await metric(server, "num_requests_running");
  expect(await metric(server, "num_requests_running")).toBe(1);
  connection.destroy();
  expect(await end).toBe("broke");
  while ((await metric(server, "num_requests_running")) > 0);
  expect(await metric(server, "generation_tokens_total")).toBe(
    server.served()[0]!.completion_tokens,
  );
  expect(await metric(server, "request_success_total")).toBe(0);
});

test("its counters are 1 % too high", async () => {
  const server = await start({ miscount: 0.01 });
  for (let pass = 0; pass < 5; pass += 1) await complete(server);
  expect(await metric(server, "generation_tokens_total")).toBe(Math.round(5 * TOKENS * 1.01));
});

test("requests are preempted", async () => {
  const server = await start({ preemptions: 2 });
  await complete(server);
  expect(await metric(server, "num_preemptions_total")).toBe(2);
});

test("the prefix cache depends on the salt, unless the server ignores it", async () => {
  const long = { messages: [{ role: "user", content: "the value of it is ".repeat(40) }] };
  const [good, odd] = await Promise.all([start(), start({ ignoreSalt: true })]);
  for (const server of [good, odd])
    for (const salt of ["a", "b"]) await complete(server, { ...long, cache_salt: salt });
  expect(await metric(good, "prefix_cache_hits_total")).toBe(0);
  expect(await metric(odd, "prefix_cache_hits_total")).toBeGreaterThan(100);
  const answer = await complete(good, { ...long, cache_salt: "a" });
  const usage = events(answer.body).at(-2) as { usage: Event };
  const { cached_tokens: cached } = usage.usage["prompt_tokens_details"] as Event;
  expect(Number(cached)).toBeGreaterThan(100);
  expect(Number(cached) % 16).toBe(0);
  expect(await metric(good, "prefix_cache_hits_total")).toBe(cached);
});

test("a restart resets all counters", async () => {
  const server = await start();
  await complete(server);
  server.restart();
  expect(await metric(server, "generation_tokens_total")).toBe(0);
  await complete(server);
  expect(await metric(server, "generation_tokens_total")).toBe(TOKENS);
  expect(server.served()).toHaveLength(2);
});

test("a restart during a stream ends it like a real server: `abort`, usage, [DONE]", async () => {
  const server = await start({ tpotMs: 20 });
  let restarted = false;
  const answer = await complete(server, {}, (bytes) => {
    if (restarted || !bytes.includes('"completion_tokens":3,')) return;
    restarted = true;
    server.restart();
  });
  expect(answer.body).toContain('"finish_reason":"abort"');
  expect(events(answer.body).at(-1)).toBe("[DONE]");
});

test("a crashed engine answers 503 for health and 500 for completions", async () => {
  const server = await start();
  server.crash();
  const health = await ask(connect(server.port, "127.0.0.1"), "/health");
  expect(health.status).toBe(503);
  expect((await complete(server)).status).toBe(500);
});

test("every completion is rejected", async () => {
  const server = await start({ refuse: { status: 500, message: "no" } });
  const answer = await complete(server);
  expect(answer.status).toBe(500);
  expect(JSON.parse(answer.body)).toMatchObject({ error: { message: "no", code: 500 } });
});

test("distance adds a round trip but does not slow the stream", async () => {
  const server = await start({ delayMs: 30 });
  const before = performance.now();
  const answer = await complete(server);
  expect(performance.now() - before).toBeGreaterThan(30);
  expect(tokenEvents(answer)).toHaveLength(1 + TOKENS);
});

test("without ignore_eos a reply ends early, and is the same for the same prompt", async () => {
  const server = await start({ tpotMs: 0.01 });
  const natural = { ignore_eos: false, min_tokens: 0, max_tokens: 4000 };
  const [one, other] = [await complete(server, natural), await complete(server, natural)];
  expect(one.body).toContain('"finish_reason":"stop"');
  expect(tokenEvents(other).map(delta)).toEqual(tokenEvents(one).map(delta));
});

test("gpt-oss aborts a reply that must continue after its end, unless the end is a stop token", async () => {
  const server = await start({ model: "openai/gpt-oss-20b", tpotMs: 0.02 });
  const reply = async (more: object) => {
    const body = fixedLength(server.model, 800, more);
    const answer = await ask(connect(server.port, "127.0.0.1"), "/v1/chat/completions", body);
    return answer.body;
  };
  const broken = await reply({});
  expect(broken).toContain("Unexpected token 200002 while expecting start token 200006");
  expect(broken).not.toContain('"finish_reason":"length"');
  const whole = await reply({ stop_token_ids: [200_007] });
  expect(whole).not.toContain("Unexpected token");
  expect(whole).toContain('"finish_reason":"length"');
});
