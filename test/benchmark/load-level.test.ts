import { describe, expect, it } from "vitest";
import { runPass } from "../../src/benchmark/run-pass.ts";
import { sendChat } from "../../src/benchmark/stream-request.ts";
import type { PassResult } from "../../src/evidence/pass.ts";
import { chatRequest } from "../../src/vllm/chat-request.ts";
import {
  fastClock,
  faultsOf,
  never,
  passOn,
  passRequest,
  prompt,
  reference,
  smallSuite,
  underTest,
} from "./reference.ts";

describe("further load levels", () => {
  const unsoundOf = (result: PassResult): unknown => result.verdict["load_not_sound"];

  it("run a closed loop of ten requests per stream and count tokens exactly", async () => {
    // Long first tokens make delays of a busy test machine insignificant.
    const result = await passOn({ ttftMs: 1_000, tpotMs: 60 }, { load: [1, 4] });
    expect(result.load).toHaveLength(1);
    const [level] = result.load;
    expect(level).toMatchObject({ in_flight: 4, requests: 40, failed: 0 });
    expect(level?.verdict).toBe("sound");
    expect(level?.reasons).toEqual([]);
    expect(level?.per_user_tps).toBeGreaterThan(10);
    expect(level?.out_tps).toBeGreaterThan(1.5 * (level?.per_user_tps ?? 0));
    expect(Object.keys(level?.ttft_ms ?? {})).toEqual(["p50", "p90", "max"]);
    expect(level?.["checks"]).toMatchObject({
      tokens_exact: true,
      loop_delay_ms: expect.any(Number),
    });
    expect(unsoundOf(result)).toBeUndefined();
  });

  it("compare their decode rate with the server's own", async () => {
    const result = await passOn({ ttftMs: 200, tpotMs: 20 }, { load: [1, 4] });
    const checks = result.load[0]?.["checks"] as Record<string, number>;
    // How close they are depends on the machine; `npm run bench` measures it.
    expect(checks["server_decode_tps"]).toBeGreaterThan(0);
    expect(checks["decode_ratio"]).toBeGreaterThan(0);
    expect(checks["decode_tolerance"]).toBeGreaterThan(0);
  });

  it("list each request", async () => {
    const result = await passOn({ ttftMs: 20, tpotMs: 2 }, { load: [1, 2] });
    const [level] = result.loadRequests ?? [];
    expect(level?.in_flight).toBe(2);
    expect(level?.requests).toHaveLength(20);
    expect(level?.requests[0]).toMatchObject({
      test: expect.any(String),
      sent_s: expect.any(Number),
      completion_tokens: 30,
      ttft_s: expect.any(Number),
      tpot_s: expect.any(Number),
      e2e_s: expect.any(Number),
    });
  });

  it("say how many requests failed and why, and have no figures", async () => {
    const result = await passOn({ ttftMs: 2, tpotMs: 1, endAfterTokens: 3 }, { load: [1, 2] });
    const [level] = result.load;
    expect(level).toMatchObject({ failed: 20, reasons: ["3 tokens came instead of 30"] });
    expect(level).not.toHaveProperty("out_tps");
    expect(result.loadRequests?.[0]?.requests[0]).toMatchObject({
      reason: "3 tokens came instead of 30",
    });
  });

  it("have no figures if the GPU was throttled, which the pass's verdict says", async () => {
    let tests = 0;
    const result = await passOn(
      { ttftMs: 200, tpotMs: 60 },
      {
        load: [1, 2],
        onTest: () => (tests += 1),
        sampleGpus: () => {
          const throttle = tests === smallSuite.tests.length ? ["hw_thermal_slowdown"] : [];
          return Promise.resolve([{ clockMhz: 900, powerW: 250, temperatureC: 94, throttle }]);
        },
      },
    );
    const reason = expect.stringContaining("the GPU was throttled: hw_thermal_slowdown");
    expect(result.load[0]?.verdict).toBe("void");
    expect(result.load[0]?.reasons.join("; ")).toEqual(reason);
    expect(result.load[0]).not.toHaveProperty("out_tps");
    expect(faultsOf(result)).toEqual([]);
    expect(unsoundOf(result)).toEqual([reason]);
  });

  it("have no figures if our own event loop was blocked", async () => {
    const server = await reference();
    const sound = underTest(server);
    let opened = 0;
    const blocking = underTest(server, {
      open: (signal) => {
        opened += 1;
        const end = performance.now() + (opened === 25 ? 1_200 : 0);
        while (performance.now() < end);
        return sound.open(signal);
      },
    });
    const result = await runPass(passRequest(blocking, { clock: fastClock, load: [1, 2] }), never);
    expect(result.load[0]?.verdict).toBe("void");
    expect(result.load[0]?.reasons[0]).toContain("our own event loop was blocked for");
    expect(result.load[0]).not.toHaveProperty("out_tps");
  });

  it("have no figures if a second client used the server", async () => {
    const server = await reference();
    const sound = underTest(server);
    const chat = chatRequest(server, prompt("other", 3), "fixed");
    let opened = 0;
    const busy = underTest(server, {
      open: (signal) => {
        opened += 1;
        if (opened === 25) void sendChat(sound, chat, 1, fastClock, never);
        return sound.open(signal);
      },
    });
    const result = await runPass(passRequest(busy, { clock: fastClock, load: [1, 2] }), never);
    expect(result.load[0]?.verdict).toBe("failed");
    expect(result.load[0]?.reasons.join("; ")).toContain("another client used the server");
    expect(result.load[0]).not.toHaveProperty("out_tps");
  });
});
