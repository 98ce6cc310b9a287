import * as fc from "fast-check";
import { expect, test } from "vitest";
import { estimateJson } from "../../src/estimate/estimate-json.ts";
import { estimatePlan } from "../../src/estimate/estimate-plan.ts";
import { builtInMarket, type Market } from "../../src/estimate/market.ts";
import { microUsd } from "../../src/support/money.ts";
import { planWith } from "../plan/a-plan.ts";

const SMALL = "{gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ], passes: 1}";
const SLOW = "{gpu: g1-gpu-rtx6000-3, models: [Qwen/Qwen2.5-72B-Instruct-AWQ]}";

function market(rows: readonly (readonly [string, string, boolean])[], prices = {}): Market {
  return {
    ...builtInMarket(),
    source: "live",
    prices: new Map([
      ...builtInMarket().prices,
      ...Object.entries(
        prices as Record<string, { hourly: number; byRegion: Map<string, number> }>,
      ),
    ]),
    availability: rows.map(([region, type, available]) => ({ region, type, available })),
  };
}

test("a short rental is billed one hour, and two are reserved", () => {
  const { rentals, likely, worst } = estimatePlan(planWith(`[${SMALL}]`), builtInMarket());
  expect(rentals).toHaveLength(1);
  expect(rentals[0]).toMatchObject({
    seq: 1,
    gpuId: "g2-gpu-rtx4000a1-s",
    reservedHours: 2,
    deadlineMinutes: 54,
  });
  expect(likely).toEqual({ micros: 520_000, hours: 1 });
  expect(worst).toEqual({ micros: 1_040_000, hours: 2 });
});

test("the deadline is the worst case in whole hours, less the time to destroy", () => {
  const { rentals } = estimatePlan(planWith(`[${SLOW}]`), builtInMarket());
  const [rental] = rentals;
  if (rental === undefined) throw new Error("no rental");
  const hours = Math.ceil((rental.worst.minutes + 6) / 60);
  expect(hours).toBeGreaterThan(1);
  expect(rental.deadlineMinutes).toBe(hours * 60 - 6);
  expect(rental.reservedHours).toBe(hours + 1);
  expect(rental.worst.hours).toBe(hours + 1);
});

test.each([
  [1, 54, 2],
  [1.5, 84, 3],
  [0.5, 24, 2],
])(
  "max_hours_per_rental %d stops it after %d minutes and reserves %d hours",
  (hours, deadline, reserved) => {
    const plan = planWith(
      `[${SLOW.replace("}", ", passes: 9}")}]`,
      `budget: {max_hours_per_rental: ${String(hours)}}`,
    );
    const { rentals, warnings } = estimatePlan(plan, builtInMarket());
    expect(rentals[0]).toMatchObject({ deadlineMinutes: deadline, reservedHours: reserved });
    expect(warnings.join("\n")).toContain("so passes will be missing");
  },
);

test("max_cost_per_entry limits the deadline to the hours that it pays for, minus one", () => {
  const plan = planWith(`[${SLOW}]`, "budget: {max_cost_per_entry: 10}");
  const { rentals, warnings } = estimatePlan(plan, builtInMarket());
  expect(rentals[0]).toMatchObject({ deadlineMinutes: 54, reservedHours: 2 });
  expect(rentals[0]?.worst.micros).toBeLessThanOrEqual(microUsd(10));
  expect(warnings.some((warning) => warning.includes("max_cost_per_entry"))).toBe(false);
});

test("an entry that max_cost_per_entry cannot pay for causes a warning", () => {
  const plan = planWith(`[${SLOW}]`, "budget: {max_cost_per_entry: 5}");
  expect(estimatePlan(plan, builtInMarket()).warnings.join("\n")).toContain(
    "rental 1 (g1-gpu-rtx6000-3): $9.00 must be reserved, more than max_cost_per_entry ($5.00) allows",
  );
});

test("a rental's likely price is that of the first region with stock, its reservation that of the most expensive", () => {
  const plan = planWith(`[${SMALL}]`, "regions: [us-ord, de-fra-2, br-gru]");
  const live = market(
    [
      ["us-ord", "g2-gpu-rtx4000a1-s", false],
      ["de-fra-2", "g2-gpu-rtx4000a1-s", true],
    ],
    {
      "g2-gpu-rtx4000a1-s": {
        hourly: 500_000,
        byRegion: new Map([
          ["br-gru", 900_000],
          ["de-fra-2", 600_000],
        ]),
      },
    },
  );
  const estimate = estimatePlan(plan, live);
  expect(estimate.rentals[0]?.regions).toEqual([
    { region: "us-ord", hourly: 500_000, stock: false },
    { region: "de-fra-2", hourly: 600_000, stock: true },
    { region: "br-gru", hourly: 900_000, stock: undefined },
  ]);
  expect(estimateJson(estimate).rentals[0]).toMatchObject({
    region: "de-fra-2",
    price_per_hour: 0.6,
    likely_usd: 0.6,
    worst_usd: 1.8,
  });
});

test("without regions in the plan, those in stock come first, the cheapest of them first", () => {
  const live = market(
    [
      ["us-ord", "g2-gpu-rtx4000a1-s", false],
      ["de-fra-2", "g2-gpu-rtx4000a1-s", true],
      ["us-sea", "g2-gpu-rtx4000a1-s", true],
      ["us-sea", "g2-gpu-rtx4000a2-s", true],
    ],
    { "g2-gpu-rtx4000a1-s": { hourly: 500_000, byRegion: new Map([["de-fra-2", 600_000]]) } },
  );
  const { rentals } = estimatePlan(planWith(`[${SMALL}]`), live);
  expect(rentals[0]?.regions.map(({ region }) => region)).toEqual(["us-sea", "de-fra-2", "us-ord"]);
});

test("among regions of one price the nearest comes first, and one that was not measured after them", () => {
  const type = "g2-gpu-rtx4000a1-s";
  const live = market(
    [
      ["jp-osa", type, true],
      ["us-iad-2", type, true],
      ["us-ord", type, true],
      ["us-sea", type, true],
      ["fr-par", type, false],
      ["de-fra-2", type, true],
    ],
    { [type]: { hourly: 500_000, byRegion: new Map([["de-fra-2", 600_000]]) } },
  );
  const roundTripMs = new Map([
    ["jp-osa", 160],
    ["us-ord", 40],
    ["us-sea", 12],
    ["fr-par", 1],
    ["de-fra-2", 2],
  ]);
  const regions = (plan: string) =>
    estimatePlan(planWith(`[${SMALL}]`, plan), { ...live, roundTripMs }).rentals[0]?.regions.map(
      ({ region }) => region,
    );
  expect(regions("")).toEqual(["us-sea", "us-ord", "jp-osa", "us-iad-2", "de-fra-2", "fr-par"]);
  expect(regions("regions: [jp-osa, us-sea]")).toEqual(["jp-osa", "us-sea"]);
});

test("a type that is sold out everywhere is part of the worst case only, and is named", () => {
  const plan = planWith(`[${SMALL}, ${SLOW}]`);
  const type = "g1-gpu-rtx6000-3";
  const estimate = estimatePlan(
    plan,
    market([
      ["us-ord", "g2-gpu-rtx4000a1-s", true],
      ["us-ord", type, false],
      ["de-fra-2", type, false],
    ]),
  );
  const [small, slow] = estimate.rentals;
  if (small === undefined || slow === undefined) throw new Error("both are planned");
  expect(estimate.likely).toEqual({ micros: small.likely.micros, hours: small.likely.hours });
  expect(estimate.wallMinutes).toBe(small.likely.minutes);
  expect(estimate.worst.micros).toBe(small.worst.micros + slow.worst.micros);
  expect(estimate.warnings).toEqual([
    "sold out now in every region that the plan allows: g1-gpu-rtx6000-3; the likely cost leaves them out, and $9.00 more is likely if they are in stock when their turn comes",
  ]);
  const json = estimateJson(estimate);
  expect(json.sold_out).toEqual([{ gpu: type, likely_usd: 9, likely_hours: 2 }]);
  expect(json.rentals.map(({ in_stock }) => in_stock)).toEqual([true, false]);
});

test("a type of which one region's stock is unknown is not sold out", () => {
  const plan = planWith(`[${SMALL}]`, "regions: [us-ord, de-fra-2]");
  const estimate = estimatePlan(plan, market([["us-ord", "g2-gpu-rtx4000a1-s", false]]));
  expect(estimate.soldOut).toEqual([]);
  expect(estimateJson(estimate).rentals[0]?.in_stock).toBeNull();
});

test("a model is expected to take three to five minutes to load, so that two GPUs need two hours", () => {
  const plan = planWith(
    "[{gpu: g2-gpu-rtx4000a2-s, models: [Qwen/Qwen2.5-Coder-32B-Instruct-AWQ, Qwen/Qwen3-14B-FP8, Qwen/Qwen3-Coder-30B-A3B-Instruct-FP8]}]",
    "passes: 3",
  );
  const [rental] = estimatePlan(plan, builtInMarket()).rentals;
  const { load = 0 } = rental?.likely.stages ?? {};
  expect(load / 3).toBeGreaterThanOrEqual(3);
  expect(load / 3).toBeLessThanOrEqual(5);
  expect(rental?.likely.hours).toBe(2);
});

test("built-in prices cause a warning with their date", () => {
  const { prices, warnings } = estimatePlan(planWith(`[${SMALL}]`), builtInMarket());
  expect(prices).toBe("built-in");
  expect(warnings[0]).toMatch(/built-in ones of \d{4}-\d\d-\d\d/);
  expect(estimatePlan(planWith(`[${SMALL}]`), market([])).warnings).toEqual([]);
});

test("lowered windows, gated models and a low cap cause warnings", () => {
  const plan = planWith(
    "[{gpu: g1-gpu-rtx6000-1, models: [Qwen/Qwen3-30B-A3B-GPTQ-Int4, meta-llama/Llama-3.1-8B-Instruct]}]",
    "budget: {max_cost: 1}\nengine: {max_model_len: 32768}",
  );
  expect(estimatePlan(plan, market([])).warnings).toEqual([
    "Qwen/Qwen3-30B-A3B-GPTQ-Int4 on g1-gpu-rtx6000-1: the window is 28,672 tokens, lowered from 32,768 to what fits",
    "meta-llama/Llama-3.1-8B-Instruct on g1-gpu-rtx6000-1: the window is 26,624 tokens, lowered from 32,768 to what fits",
    "meta-llama/Llama-3.1-8B-Instruct is gated: HF_TOKEN must belong to a user with access to it",
    expect.stringMatching(
      /^the cap of \$1\.00 is too low for any entry: the cheapest reserves \$\d+\.\d\d$/,
    ),
  ]);
});

test("a cap between the cheapest entry and the total likely cost causes a warning", () => {
  const warningsAt = (cap: string) =>
    estimatePlan(
      planWith(
        `[${SMALL}, {gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen3-8B-AWQ]}]`,
        `budget: {max_cost: ${cap}}`,
      ),
      builtInMarket(),
    ).warnings.filter((text) => text.startsWith("the cap"));
  expect(warningsAt("0.30")).toEqual([expect.stringContaining("too low for any entry")]);
  expect(warningsAt("60")).toEqual([]);
  const [cheapest = 0] = estimatePlan(planWith(`[${SMALL}]`), builtInMarket()).rentals.map(
    ({ worst }) => worst.micros,
  );
  expect(warningsAt(String(cheapest / 1e6))).toEqual([
    expect.stringMatching(/below the (likely cost|worst case)/),
  ]);
});

const THREE = (packing: string, top = "") =>
  estimatePlan(
    planWith(
      `[${SMALL}, {gpu: g2-gpu-rtx4000a2-s, models: [Qwen/Qwen3-8B-AWQ]}, {gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen3-8B-AWQ]}]`,
      `packing: ${packing}\n${top}`,
    ),
    builtInMarket(),
  );

test("fill-hours merges entries of one type and costs less", () => {
  expect(THREE("per-entry").rentals.map(({ gpuId }) => gpuId)).toHaveLength(3);
  const filled = THREE("fill-hours");
  expect(filled.rentals.map(({ gpuId, entries }) => [gpuId, entries.length])).toEqual([
    ["g2-gpu-rtx4000a1-s", 2],
    ["g2-gpu-rtx4000a2-s", 1],
  ]);
  expect(filled.likely.micros).toBeLessThan(THREE("per-entry").likely.micros);
});

test("fill-hours does not merge entries that exceed the longest rental or have other regions", () => {
  expect(THREE("fill-hours", "budget: {max_hours_per_rental: 0.75}").rentals).toHaveLength(3);
  const elsewhere = planWith(
    `[${SMALL}, {gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen3-8B-AWQ], region: us-sea}]`,
    "packing: fill-hours",
  );
  expect(estimatePlan(elsewhere, builtInMarket()).rentals).toHaveLength(2);
});

test("fill-hours merges no further than max_cost_per_entry pays for", () => {
  const rentals = (perEntry: string) =>
    estimatePlan(
      planWith(
        "[{gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen3-8B-AWQ]}, {gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen3-14B-AWQ]}]",
        `packing: fill-hours\nbudget: {max_cost_per_entry: ${perEntry}}`,
      ),
      builtInMarket(),
    ).rentals;
  expect(rentals("1.60")).toHaveLength(1);
  expect(rentals("1.10")).toHaveLength(2);
});

test("wall time is that of the busiest lane, with each rental on the lane that is free first", () => {
  const lane = (concurrency: number) => {
    const { rentals, wallMinutes } = THREE("per-entry", `concurrency: ${String(concurrency)}`);
    return { minutes: rentals.map(({ likely }) => likely.minutes), wallMinutes };
  };
  const [a = 0, b = 0, c = 0] = lane(1).minutes;
  expect(lane(1).wallMinutes).toBeCloseTo(a + b + c);
  expect(lane(2).wallMinutes).toBeCloseTo(Math.max(b, a + c));
  expect(lane(9).wallMinutes).toBeCloseTo(Math.max(a, b, c));
});

test("a plan without entries costs nothing", () => {
  const empty = estimatePlan({ ...planWith(`[${SMALL}]`), entries: [] }, market([]));
  expect(empty).toMatchObject({ rentals: [], likely: { micros: 0, hours: 0 }, wallMinutes: 0 });
});

test("the JSON has exactly the documented keys", () => {
  const json = estimateJson(
    estimatePlan(
      planWith(
        `[${SMALL}, {gpu: [g2-gpu-rtx4000a1-m], models: [Qwen/Qwen3-32B-AWQ, Qwen/Qwen3-8B-AWQ]}]`,
        "budget: {max_cost: 60}",
      ),
      builtInMarket(),
    ),
  );
  expect(Object.keys(json)).toEqual([
    "currency",
    "cap",
    "likely",
    "worst",
    "wall_minutes",
    "rentals",
    "skipped",
    "prices",
    "sold_out",
    "packings",
  ]);
  expect(json).toMatchObject({ currency: "USD", cap: 60, prices: "built-in", worst: { hours: 4 } });
  expect(Object.keys(json.rentals[0] ?? {})).toEqual([
    "gpu",
    "region",
    "models",
    "price_per_hour",
    "minutes",
    "likely_hours",
    "worst_hours",
    "likely_usd",
    "worst_usd",
    "in_stock",
    "idle_minutes",
    "idle_passes",
  ]);
  expect(json.skipped).toEqual([
    {
      gpu: "g2-gpu-rtx4000a1-m",
      model: "Qwen/Qwen3-32B-AWQ",
      reason: expect.stringContaining("18.0 GiB") as string,
    },
  ]);
  expect(estimateJson(estimatePlan(planWith(`[${SMALL}]`), market([]))).cap).toBeNull();
});

test("likely never exceeds worst, totals are sums, and reserved hours outlast the deadline by more than an hour", () => {
  const gpus = fc.constantFrom("g2-gpu-rtx4000a1-s", "g2-gpu-rtx4000a2-m", "g1-gpu-rtx6000-4");
  const entry = fc.record({
    gpu: gpus,
    passes: fc.integer({ min: 1, max: 40 }),
    load: fc.constantFrom("[1]", "[1, 8]"),
  });
  fc.assert(
    fc.property(
      fc.array(entry, { minLength: 1, maxLength: 4 }),
      fc.double({ min: 0.25, max: 12, noNaN: true }),
      fc.constantFrom("per-entry", "fill-hours"),
      (entries, hours, packing) => {
        const rows = entries.map(
          ({ gpu, passes, load }, index) =>
            `{gpu: ${gpu}, passes: ${String(passes)}, load: ${load}, models: [{id: Qwen/Qwen3-8B-AWQ, max_num_seqs: ${String(index + 1)}}]}`,
        );
        const plan = planWith(
          `[${rows.join(", ")}]`,
          `packing: ${packing}\nbudget: {max_hours_per_rental: ${String(hours)}}`,
        );
        const { rentals, likely, worst } = estimatePlan(plan, builtInMarket());
        expect(rentals.flatMap((rental) => rental.configurations)).toHaveLength(entries.length);
        for (const rental of rentals) {
          expect(rental.likely.minutes).toBeLessThan(rental.worst.minutes);
          expect(rental.likely.hours).toBeLessThan(rental.reservedHours);
          expect(rental.deadlineMinutes).toBeGreaterThan(0);
          expect(rental.deadlineMinutes + 6).toBeLessThanOrEqual(hours * 60 + 1e-6);
          expect((rental.reservedHours - 1) * 60).toBeGreaterThanOrEqual(
            rental.deadlineMinutes + 6,
          );
        }
        expect(likely.micros).toBe(rentals.reduce((sum, rental) => sum + rental.likely.micros, 0));
        expect(worst.hours).toBe(rentals.reduce((sum, rental) => sum + rental.reservedHours, 0));
      },
    ),
    { numRuns: 60 },
  );
});
