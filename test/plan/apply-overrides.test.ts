import { expect, test } from "vitest";
import { applyOverrides, type PlanOverrides } from "../../src/plan/apply-overrides.ts";
import { planWith } from "./a-plan.ts";

const plan = planWith(
  "[{gpu: [g2-gpu-rtx4000a1-s, g2-gpu-rtx4000a2-s], models: [Qwen/Qwen3-8B-AWQ, Qwen/Qwen3-32B-AWQ]}, {gpu: g1-gpu-rtx6000-1, models: [Qwen/Qwen3-14B-AWQ], passes: 7}]",
  "budget: {max_cost: 50}",
);

const pairs = (overrides: PlanOverrides): string[] =>
  applyOverrides(plan, overrides).entries.flatMap(({ gpu, configurations }) =>
    configurations.map(({ model }) => `${gpu.id} ${model.id}`),
  );

test("without overrides the plan is unchanged", () => {
  expect(applyOverrides(plan, {})).toEqual(plan);
});

test("options override the plan", () => {
  const changed = applyOverrides(plan, {
    maxCost: 9_500_000,
    concurrency: 8,
    passes: 1,
    maxHours: 2,
    sshCidr: "198.51.100.4",
  });
  expect(changed).toMatchObject({
    budget: { maxCost: 9_500_000, maxHoursPerRental: 2 },
    concurrency: 8,
    sshCidr: "198.51.100.4/32",
  });
  expect(
    changed.entries.flatMap(({ configurations }) => configurations.map(({ passes }) => passes)),
  ).toEqual([1, 1, 1, 1]);
});

test.each([
  [
    "g2-*",
    [
      "g2-gpu-rtx4000a1-s Qwen/Qwen3-8B-AWQ",
      "g2-gpu-rtx4000a2-s Qwen/Qwen3-8B-AWQ",
      "g2-gpu-rtx4000a2-s Qwen/Qwen3-32B-AWQ",
    ],
  ],
  ["*32b*", ["g2-gpu-rtx4000a2-s Qwen/Qwen3-32B-AWQ"]],
  ["Qwen/Qwen3-14B-AWQ", ["g1-gpu-rtx6000-1 Qwen/Qwen3-14B-AWQ"]],
  ["g?-gpu-rtx6000-1", ["g1-gpu-rtx6000-1 Qwen/Qwen3-14B-AWQ"]],
  ["rtx6000-1", ["g1-gpu-rtx6000-1 Qwen/Qwen3-14B-AWQ"]],
  ["RTX4000a1-*", ["g2-gpu-rtx4000a1-s Qwen/Qwen3-8B-AWQ"]],
  ["14b", ["g1-gpu-rtx6000-1 Qwen/Qwen3-14B-AWQ"]],
  ["qwen3-8b", ["g2-gpu-rtx4000a1-s Qwen/Qwen3-8B-AWQ", "g2-gpu-rtx4000a2-s Qwen/Qwen3-8B-AWQ"]],
])("--only %s selects the matching pairs", (only, expected) => {
  expect(pairs({ only })).toEqual(expected);
});

test("--only suggests a name that the plan has", () => {
  expect(() => applyOverrides(plan, { only: "rtx6000-9" })).toThrow(
    expect.objectContaining({ hint: "did you mean --only rtx6000-1?" }) as Error,
  );
});

test("--only also filters the skipped pairs", () => {
  expect(applyOverrides(plan, { only: "*" }).skipped).toHaveLength(1);
  expect(applyOverrides(plan, { only: "g1-*" }).skipped).toEqual([]);
});

test.each([
  [{ only: "g3-*" }, "Nothing in the plan matches --only g3-*"],
  [{ only: "a.c" }, "Nothing in the plan matches --only a.c"],
  [{ maxCost: 0 }, "--max-cost must be more than 0"],
  [{ concurrency: 0 }, "--concurrency must be a whole number from 1 to 50"],
  [{ passes: 1.5 }, "--passes must be a whole number from 1 to 100"],
  [{ maxHours: Number.NaN }, "--max-hours must be from 0.25 to 720"],
  [{ sshCidr: "everyone" }, "--ssh-cidr must be an address range, such as 203.0.113.7/32"],
] as const)("%j is refused as usage", (overrides, message) => {
  expect(() => applyOverrides(plan, overrides)).toThrow(
    expect.objectContaining({ message, exitCode: 2 }) as Error,
  );
});
