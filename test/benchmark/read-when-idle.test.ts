import { describe, expect, it } from "vitest";
import { readWhenIdle } from "../../src/benchmark/read-when-idle.ts";
import { NoAnswerError } from "../../src/vllm/connection.ts";
import { jumpingClock } from "../machine/machine-stand-in.ts";
import { sample } from "./recorded-reply.ts";
import { stubClient } from "./stub-client.ts";

const never = new AbortController().signal;
const idle = sample("metrics_before");
const busy = idle.replace(/^(vllm:num_requests_running\{[^}]*\}) .*$/m, "$1 1.0");
const later = sample("metrics_after_one");

describe("the server's counters", () => {
  it("are read once two readings in a row are equal and no request is running", async () => {
    const pages = [busy, busy, idle, later, later];
    const client = stubClient(() => ({ body: pages.shift() ?? "" }));
    const { counters } = await readWhenIdle(client, "/v1", jumpingClock(), never);
    expect(counters?.generationTokens).toBeGreaterThan(0);
    expect(pages).toEqual([]);
    expect(client.requests[0]).toBe("GET /metrics");
  });

  it("are not awaited for more than a minute if another client uses the server", async () => {
    const clock = jumpingClock();
    const client = stubClient(() => ({ body: busy }));
    const { counters, reason } = await readWhenIdle(client, "/v1", clock, never);
    expect(counters).toBeUndefined();
    expect(reason).toContain("another client uses it");
    expect(clock.now()).toBeGreaterThan(60_000);
    expect(clock.now()).toBeLessThan(61_000);
  });

  it.each<[string, { status?: number; body: string } | Error, string]>([
    ["refuses", { status: 404, body: "" }, "/metrics: HTTP 404"],
    ["has a page of another kind", { body: "up 1" }, "/metrics lacks vLLM's counters"],
    ["does not answer", new NoAnswerError("no answer to GET /metrics"), "no answer"],
  ])("cannot be read if the server %s", async (_, answer, expected) => {
    const { reason } = await readWhenIdle(
      stubClient(() => answer),
      "/v1",
      jumpingClock(),
      never,
    );
    expect(reason).toContain(expected);
  });

  it("reject if the link is lost", async () => {
    const lost = new Error("link lost");
    const reading = readWhenIdle(
      stubClient(() => lost),
      "/v1",
      jumpingClock(),
      never,
    );
    await expect(reading).rejects.toBe(lost);
  });
});
