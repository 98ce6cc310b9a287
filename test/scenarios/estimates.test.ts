import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { EstimateJson } from "../../src/estimate/estimate-json.ts";
import { nothingIsLeft } from "../simulated/nothing-left.ts";
import { sweepRun } from "../simulated/sweep-run.ts";

const SEEDS = [1, 2, 3, 4, 5];

/** Four types and the models of three sizes; each rental is forecast to stay within its first hour. */
const FOUR_ENTRIES = `version: 1
name: four-entries
budget: { max_cost: 20 }
concurrency: 4
passes: 1
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ, Qwen/Qwen2.5-Coder-14B-Instruct-AWQ]
  - gpu: g2-gpu-rtx4000a1-m
    models: [Qwen/Qwen2.5-Coder-7B-Instruct]
  - gpu: g2-gpu-rtx4000a2-s
    models: [Qwen/Qwen2.5-Coder-32B-Instruct-AWQ]
  - gpu: g1-gpu-rtx6000-1
    models: [Qwen/Qwen2.5-Coder-7B-Instruct]
`;
const QUICK = readFileSync(new URL("../../plans/quick.yaml", import.meta.url), "utf8");

const PLANS = [
  ["quick", QUICK, 1],
  ["four entries", FOUR_ENTRIES, 4],
] as const;

test.each(SEEDS.flatMap((seed) => PLANS.map((plan) => [seed, ...plan] as const)))(
  "in the world of seed %i the plan of %s is estimated by reads alone, and billed as it says",
  async (seed, _name, text, rentals) => {
    await using rig = await sweepRun(seed);
    const file = rig.plan(text);
    const asked = await rig.run("estimate", file, "--simulate", rig.url, "--json");
    expect(asked.code).toBe(0);
    const { requests } = await rig.ask<{ requests: { method: string }[] }>("requests");
    expect([...new Set(requests.map(({ method }) => method))]).toEqual(["GET"]);
    const estimate = JSON.parse(asked.stdout) as EstimateJson;
    expect(estimate.prices).toBe("live");

    const swept = await rig.run("run", file, "--simulate", rig.url, "--quiet");
    expect(swept.code).toBe(0);
    const { invoice } = await nothingIsLeft(rig, rentals);
    expect(invoice.usd).toBeLessThanOrEqual(estimate.worst.usd);
    expect(Math.abs(estimate.likely.usd / invoice.usd - 1)).toBeLessThanOrEqual(0.25);
  },
);
