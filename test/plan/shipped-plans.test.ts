import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { GPU_TYPES } from "../../src/catalog/gpu-catalog.ts";
import { estimatePlan } from "../../src/estimate/estimate-plan.ts";
import { builtInMarket } from "../../src/estimate/market.ts";
import { aPlan } from "./a-plan.ts";

const FOLDER = new URL("../../plans/", import.meta.url);
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml"));
const load = (name: string) => aPlan(readFileSync(new URL(name, FOLDER), "utf8"), `plans/${name}`);

test("all plans are listed", () => {
  expect(files.toSorted()).toEqual([
    "coding-shortlist.yaml",
    "full-coverage.yaml",
    "quick.yaml",
    "refresh.yaml",
  ]);
});

test.each(files)("%s can be run under its own cap, whatever happens", (name) => {
  const plan = load(name);
  const { worst, likely, rentals } = estimatePlan(plan, builtInMarket());
  expect(plan.budget.maxCost).toBeGreaterThanOrEqual(worst.micros);
  expect(likely.micros).toBeGreaterThan(0);
  for (const { likely, deadlineMinutes } of rentals)
    expect(likely.minutes).toBeLessThan(deadlineMinutes);
});

test.each(files)("%s gives its name, and explains itself", (name) => {
  expect(load(name).name).toBe(name.replace(".yaml", ""));
  expect(load(name).text).toMatch(/^# /);
});

test("full coverage has all public GPU types, all model categories, only ungated models, and skips nothing", () => {
  const { entries, skipped, concurrency } = load("full-coverage.yaml");
  const all = entries.flatMap(({ configurations }) => configurations);
  expect(entries.map(({ gpu }) => gpu.id).toSorted()).toEqual(
    GPU_TYPES.filter((type) => type.public)
      .map(({ id }) => id)
      .toSorted(),
  );
  expect(new Set(all.map(({ model }) => model.category))).toEqual(
    new Set(["7b", "14b", "30b", "70b"]),
  );
  expect(all.every(({ passes }) => passes === 3)).toBe(true);
  expect(all.some(({ model }) => model.gated)).toBe(false);
  expect(skipped).toEqual([]);
  expect(concurrency).toBe(4);
});

test("the quick plan has one pass of one model on one GPU type", () => {
  const { entries } = load("quick.yaml");
  expect(entries).toHaveLength(1);
  expect(entries[0]?.configurations).toHaveLength(1);
  expect(entries[0]?.configurations[0]?.passes).toBe(1);
});
