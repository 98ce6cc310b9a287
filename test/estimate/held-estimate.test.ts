import { expect, test } from "vitest";
import { estimatePlan } from "../../src/estimate/estimate-plan.ts";
import { heldEstimate } from "../../src/estimate/held-estimate.ts";
import { builtInMarket } from "../../src/estimate/market.ts";
import { microUsd } from "../../src/support/money.ts";
import { planWith } from "../plan/a-plan.ts";

const SMALL = "{gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ], passes: 1}";
const held = (cap: number, maxHours: number) =>
  heldEstimate(
    estimatePlan(planWith(`[${SMALL}]`), builtInMarket()),
    microUsd(cap),
    maxHours,
  ).rentals.map(({ reservedHours, deadlineMinutes, worst }) => ({
    reservedHours,
    deadlineMinutes,
    micros: worst.micros,
  }));

test.each([
  ["the cap", 2.6, 24, { reservedHours: 5, deadlineMinutes: 234, micros: 2_600_000 }],
  [
    "the cap, rounded down to whole hours",
    2.59,
    24,
    { reservedHours: 4, deadlineMinutes: 174, micros: 2_080_000 },
  ],
  ["the hours allowed", 50, 4, { reservedHours: 5, deadlineMinutes: 234, micros: 2_600_000 }],
  ["a part of an hour", 50, 1.5, { reservedHours: 3, deadlineMinutes: 84, micros: 1_560_000 }],
])(
  "a VM is held as long as %s allows, and one more hour is reserved",
  (_, cap, hours, expected) => {
    expect(held(cap, hours)).toEqual([expected]);
  },
);

test("a cap too low to start the model is refused, with a sufficient amount", () => {
  expect(() => held(1.03, 4)).toThrow(/too little/);
  expect(() => held(1.04, 4)).not.toThrow();
});
