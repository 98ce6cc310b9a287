import { describe, expect, it } from "vitest";
import { parsePrometheus, sumOf } from "../../src/vllm/prometheus.ts";
import { isIdle, counterDelta, serverCounters } from "../../src/vllm/server-counters.ts";
import type { ServerCounters } from "../../src/vllm/server-counters.ts";
import { sample } from "../benchmark/recorded-reply.ts";

function read(name: string): ServerCounters {
  const counters = serverCounters(sample(name));
  if (counters === undefined) throw new Error(`${name} has no counters`);
  return counters;
}

describe("Prometheus' text format", () => {
  it.each([
    ["a 1", "a", {}, 1],
    ["a{} 1.5e3 1795487635000", "a", {}, 1500],
    ['a{b="c",d="e,f}"} -2', "a", { b: "c", d: "e,f}" }, -2],
    [String.raw`a{b="q\"\\\n"} 0.5`, "a", { b: 'q"\\\n' }, 0.5],
    ['a_bucket{le="+Inf"} +Inf', "a_bucket", { le: "+Inf" }, Infinity],
    ["a -Inf", "a", {}, -Infinity],
    ["a NaN", "a", {}, Number.NaN],
    ["vllm:a_total 3.0", "vllm:a_total", {}, 3],
  ])("%s", (line, name, labels, value) => {
    expect(parsePrometheus(`# HELP a b\n${line}\n\n`)).toEqual([{ name, labels, value }]);
  });

  it("sums over engines, within the labels asked for", () => {
    const samples = parsePrometheus(
      'a{engine="0",r="x"} 1\na{engine="1",r="x"} 2\na{r="y"} 4\nb 8',
    );
    expect(sumOf(samples, "a")).toBe(7);
    expect(sumOf(samples, "a", { r: "x" })).toBe(3);
    expect(sumOf(samples, "c")).toBeUndefined();
  });
});

describe("a real vLLM's counters", () => {
  it("tell exactly what one request did", () => {
    const delta = counterDelta(read("metrics_before"), read("metrics_after_one"));
    expect(delta).toMatchObject({
      promptTokens: 34,
      generationTokens: 16,
      preemptions: 0,
      cacheHits: 0,
      finished: { length: 1, stop: 0, abort: 0, error: 0, repetition: 0 },
      restarted: false,
      ttft: { count: 1 },
      decode: { count: 1 },
    });
    expect(delta.decode.sum).toBeCloseTo(0.0860868, 6);
    expect(delta.ttft.sum).toBeCloseTo(0.0845025, 6);
  });

  it("count the tokens of a request whose client went away, but give it no reason", () => {
    const delta = counterDelta(read("metrics_after_few"), read("metrics_after_disconnect"));
    expect(delta.generationTokens).toBeGreaterThan(0);
    expect(Object.values(delta.finished).reduce((a, b) => a + b, 0)).toBeLessThan(delta.ttft.count);
  });

  it("show a restart by counters that fell or by another beginning", () => {
    const [before, after] = [read("metrics_before"), read("metrics_after_one")];
    expect(counterDelta(after, before).restarted).toBe(true);
    expect(
      counterDelta(before, { ...after, startedAt: (after.startedAt ?? 0) + 60 }).restarted,
    ).toBe(true);
  });

  it("are at rest when two readings are equal and nothing runs or waits", () => {
    const counters = read("metrics_after_one");
    expect(isIdle(counters, { ...counters })).toBe(true);
    expect(isIdle(counters, { ...counters, generationTokens: 17 })).toBe(false);
    const busy = { ...counters, running: 1 };
    expect(isIdle(busy, busy)).toBe(false);
  });

  it("are not made up where a page lacks them", () => {
    expect(serverCounters("up 1\n")).toBeUndefined();
  });
});
