import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { passesSeconds, SHAPES } from "../../src/estimate/pass-seconds.ts";
import { prefillTokensPerSecond, secondsPerToken } from "../../src/estimate/token-speed.ts";
import type { Configuration } from "../../src/plan/coverage-plan.ts";
import { planWith } from "../plan/a-plan.ts";

function configuration(gpu: string, model: string, more = ""): Configuration {
  const [entry] = planWith(`[{gpu: ${gpu}, models: [${model}]${more}}]`).entries;
  const first = entry?.configurations[0];
  if (first === undefined) throw new Error("no configuration");
  return first;
}

// Mistral-7B in fp16 was measured on Linode's RTX 4000 Ada.
const MISTRAL =
  "{id: mistralai/Mistral-7B-Instruct-v0.2, facts: {params_b: 7.24, layers: 32, hidden: 4096, heads: 32, kv_heads: 8, head_dim: 128, vocab: 32000, max_position: 32768, checkpoint_gib: 13.5}}";

const WITH_GRAPHS = "{id: Intel/Qwen3.6-27B-int4-AutoRound, enforce_eager: false}";

test.each([
  ["g2-gpu-rtx4000a1-l", MISTRAL, 1, 21, 0.1],
  ["g2-gpu-rtx4000a1-l", MISTRAL, 16, 185, 0.15],
  ["g2-gpu-rtx4000a1-s", "Qwen/Qwen3-8B-AWQ", 1, 57, 0.2],
  ["g2-gpu-rtx4000a1-s", "Qwen/Qwen3-14B-AWQ", 1, 34, 0.2],
  ["g1-gpu-rtx6000-2", WITH_GRAPHS, 1, 32.5, 0.15],
  ["g1-gpu-rtx6000-2", WITH_GRAPHS, 8, 154.8, 0.2],
  ["g3-gpu-rtxpro6000-blackwell-1", "Qwen/Qwen3-32B", 1, 23.9, 0.2],
  ["g3-gpu-rtxpro6000-blackwell-1", "Qwen/Qwen3-8B-AWQ", 1, 208, 0.2],
])(
  "%s serving %s with %i in flight writes about %d tokens a second, as measured",
  (gpu, model, inFlight, measured, within) => {
    const speed = inFlight / secondsPerToken(configuration(gpu, model), 300, inFlight);
    expect(Math.abs(speed / measured - 1)).toBeLessThan(within);
  },
);

test("a longer context is slower, a second GPU faster, eager mode slower", () => {
  const one = configuration("g2-gpu-rtx4000a1-s", "Qwen/Qwen3-14B-AWQ");
  const two = configuration("g2-gpu-rtx4000a2-s", "Qwen/Qwen3-14B-AWQ");
  const eager = configuration(
    "g2-gpu-rtx4000a1-s",
    "{id: Qwen/Qwen3-14B-AWQ, enforce_eager: true}",
  );
  expect(secondsPerToken(one, 16_000)).toBeGreaterThan(secondsPerToken(one, 100) * 1.2);
  expect(secondsPerToken(two, 100)).toBeLessThan(secondsPerToken(one, 100));
  expect(secondsPerToken(eager, 100)).toBeGreaterThan(secondsPerToken(one, 100));
  expect(prefillTokensPerSecond(two)).toBeCloseTo(2 * prefillTokensPerSecond(one));
});

test("pipeline stages add memory but not speed", () => {
  const staged = configuration("g1-gpu-rtx6000-3", "Qwen/Qwen2.5-72B-Instruct-AWQ");
  const divided = configuration("g1-gpu-rtx6000-4", "Qwen/Qwen2.5-72B-Instruct-AWQ");
  expect(staged.fit.pipelineParallel).toBe(3);
  expect(secondsPerToken(staged, 100)).toBeGreaterThan(2 * secondsPerToken(divided, 100));
});

test("passes, suites, further load levels and the window all count", () => {
  const of = (more: string) =>
    passesSeconds(configuration("g2-gpu-rtx4000a1-s", "Qwen/Qwen3-8B-AWQ", more));
  expect(of(", passes: 5") - of(", passes: 4")).toBeCloseTo(of(", passes: 2") - of(", passes: 1"));
  expect(of(", suites: [coding]")).toBeLessThan(of("") / 3);
  expect(of(", load: [1, 8]")).toBeGreaterThan(of("") * 2);
  const short = configuration("g2-gpu-rtx4000a1-s", "{id: Qwen/Qwen3-8B-AWQ, max_model_len: 8192}");
  expect(passesSeconds(short)).toBeLessThan(of(""));
});

test("the forecast uses the request shapes of the standard suites", () => {
  const file = new URL("../../src/evidence/suites/standard-1.json", import.meta.url);
  const { tests } = JSON.parse(readFileSync(file, "utf8")) as {
    tests: { category: keyof typeof SHAPES; maxTokens: number; context?: { tokens: number } }[];
  };
  for (const [category, shapes] of Object.entries(SHAPES)) {
    const own = tests.filter((one) => one.category === category);
    expect(shapes.map(({ reply }) => reply)).toEqual(own.map(({ maxTokens }) => maxTokens));
    for (const [index, { prompt }] of shapes.entries())
      expect(prompt).toBe(own[index]?.context?.tokens ?? 300);
  }
});
