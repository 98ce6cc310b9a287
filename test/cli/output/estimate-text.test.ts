import { readFileSync } from "node:fs";
import { gpuName, modelName } from "../../../src/catalog/short-names.ts";
import { expect, test } from "vitest";
import { estimateText } from "../../../src/cli/output/estimate-text.ts";
import { estimatePlan } from "../../../src/estimate/estimate-plan.ts";
import { builtInMarket, type Market } from "../../../src/estimate/market.ts";
import { aPlan } from "../../plan/a-plan.ts";

const text = readFileSync(new URL("../../../plans/full-coverage.yaml", import.meta.url), "utf8");
const plan = aPlan(text);
const printed = (market: Market, width = 80): string =>
  estimateText(plan, estimatePlan(plan, market), width);

test("thirteen rentals are read at 80 columns, and nothing of them is cut", () => {
  const lines = printed(builtInMarket()).split("\n");
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  for (const { gpu, configurations } of plan.entries) {
    expect(lines.some((line) => line.includes(` ${gpuName(gpu.id)} `))).toBe(true);
    for (const { model } of configurations)
      expect(lines.some((line) => line.includes(modelName(model.id)))).toBe(true);
  }
});

test("a rental shows its place, price, minutes by stage, whole hours and dollars", () => {
  const market = builtInMarket();
  const text = printed(market);
  const [rental] = estimatePlan(plan, market).rentals;
  const row = text.split("\n").find((line) => line.includes(` ${gpuName(rental?.gpuId ?? "")} `));
  expect(row?.replaceAll("│", "")).toMatch(
    /^ +1 +\S+ +[a-z-]+ +\$\d+\.\d\d +\d+ +\d+-\d+ +\$\d+\.\d\d +\$\d+\.\d\d +$/,
  );
  expect(text).toMatch(
    /minutes: boot [\d.]+, set-up [\d.]+, download [\d.]+, load [\d.]+, passes \d+/,
  );
});

test("the totals, the wall time, the cap and what is left close it", () => {
  const text = printed(builtInMarket());
  const { cap = 0, likely, worst } = estimatePlan(plan, builtInMarket());
  const left = (cost: number): string => `$${((cap - cost) / 1e6).toFixed(2)} left`;
  expect(text).toContain(`likely $${(likely.micros / 1e6).toFixed(2)} (${String(likely.hours)} h)`);
  expect(text).toContain(`worst $${(worst.micros / 1e6).toFixed(2)} (${String(worst.hours)} h`);
  expect(text).toMatch(/wall time about \d+ h \d+ min with up to 4 rentals at once/);
  expect(text).toContain(
    `cap $120.00 · ${left(likely.micros)} after the likely cost, ${left(worst.micros)} after the worst`,
  );
});

test("the total says how many rentals it leaves out, and their rows have no region", () => {
  const availability = ["g1-gpu-rtx6000-1", "g1-gpu-rtx6000-4"].map((type) => ({
    region: "eu-central",
    type,
    available: false,
  }));
  const market = { ...builtInMarket(), availability };
  const { likely } = estimatePlan(plan, market);
  const text = printed(market);
  expect(text).toContain(
    `likely $${(likely.micros / 1e6).toFixed(2)} (${String(likely.hours)} h) without 2 sold-out rentals · worst`,
  );
  expect(text).toMatch(/ rtx6000-1 +│ sold out +│ +\$1\.50 /);
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
});

test("built-in prices are told with their date, live ones as live", () => {
  const market = builtInMarket();
  expect(printed(market)).toContain(`prices are the built-in ones of ${market.date}`);
  expect(printed({ ...market, source: "live" })).toContain("prices are live");
  const simulated = estimateText(
    plan,
    estimatePlan(plan, { ...market, source: "live" }),
    80,
    [],
    true,
  );
  expect(simulated).toContain("prices are those of the simulated cloud");
  expect(estimatePlan(plan, market).warnings.join("\n")).toContain(market.date);
});
