import { describe, expect, it } from "vitest";
import { SAME_VM_THRESHOLD, compareRates, ranksWithTies } from "../../src/evidence/comparison.ts";
import { seededRandom } from "../../src/evidence/seeded-random.ts";

describe("a comparison", () => {
  it.each([
    ["clearly faster passes", [100, 101, 99, 100, 100], [80, 81, 79, 80, 80], "faster"],
    ["clearly slower passes", [80, 81, 79, 80, 80], [100, 101, 99, 100, 100], "slower"],
    ["equal passes", [100, 101, 99], [100, 101, 99], "no difference shown"],
    [
      "a significant difference below the threshold",
      [102, 102.1, 101.9, 102],
      [100, 100.1, 99.9, 100],
      "no difference shown",
    ],
    ["a large but insignificant difference", [100, 140, 80], [90, 60, 95], "no difference shown"],
    ["a single pass", [100], [50, 51, 50], "no difference shown"],
    ["passes without any spread", [100, 100], [90, 90], "faster"],
  ] as const)("of %s", (_, a, b, outcome) => {
    expect(compareRates(a, b, SAME_VM_THRESHOLD).outcome).toBe(outcome);
  });

  it("computes Welch's interval: logs of 2±1 and 0±1, three passes each", () => {
    const { ratio, low, high } = compareRates(
      [1, 2, 3].map(Math.exp),
      [-1, 0, 1].map(Math.exp),
      SAME_VM_THRESHOLD,
    );
    const half = 2.77645 * Math.sqrt(2 / 3);
    expect(Math.log(ratio)).toBeCloseTo(2, 9);
    expect(Math.log(low ?? 0)).toBeCloseTo(2 - half, 4);
    expect(Math.log(high ?? 0)).toBeCloseTo(2 + half, 4);
  });
});

describe("over a thousand comparisons of five passes each, with 2 % noise", () => {
  const random = seededRandom("pairs");
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const passes = (rate: number): number[] =>
    Array.from({ length: 5 }, () => rate * (1 + 0.02 * normal()));
  const shares = (rate: number): { faster: number; any: number } => {
    let [faster, any] = [0, 0];
    for (let pair = 0; pair < 1_000; pair += 1) {
      const { outcome } = compareRates(passes(rate), passes(100), SAME_VM_THRESHOLD);
      if (outcome === "faster") faster += 1;
      if (outcome !== "no difference shown") any += 1;
    }
    return { faster: faster / 1_000, any: any / 1_000 };
  };

  it("at most 5 % report a difference between equal configurations", () => {
    expect(shares(100).any).toBeLessThanOrEqual(0.05);
  });

  it("at least 80 % report a difference of 10 %", () => {
    expect(shares(110).faster).toBeGreaterThanOrEqual(0.8);
  });
});

describe("ranks", () => {
  it.each([
    [
      "clearly different configurations",
      [
        [80, 81, 80],
        [100, 101, 100],
        [60, 61, 60],
      ],
      [2, 1, 3],
    ],
    [
      "a tie at the top",
      [
        [100, 103, 98],
        [101, 99, 102],
        [60, 61, 60],
      ],
      [1, 1, 3],
    ],
    [
      "a tie for second place",
      [
        [100, 101, 100],
        [80, 83, 78],
        [81, 79, 82],
      ],
      [1, 2, 2],
    ],
    ["single passes", [[100], [50]], [1, 1]],
    ["no configurations", [], []],
  ])("of %s", (_, items, ranks) => {
    expect(ranksWithTies(items, SAME_VM_THRESHOLD)).toEqual(ranks);
  });

  it("are not lowered by a configuration with a single pass", () => {
    expect(ranksWithTies([[100], [50, 51, 50], [20, 21, 20]], SAME_VM_THRESHOLD)).toEqual([
      1, 1, 2,
    ]);
  });

  it("count exactly the configurations that a comparison calls faster", () => {
    const random = seededRandom("ranks");
    const items = Array.from({ length: 20 }, (_, index) =>
      Array.from(
        { length: [1, 2, 3, 8, 9][index % 5] ?? 1 },
        () => 90 + (index % 7) * 4 + 12 * random.next(),
      ),
    );
    expect(ranksWithTies(items, SAME_VM_THRESHOLD)).toEqual(
      items.map(
        (item) =>
          1 +
          items.filter((other) => compareRates(other, item, SAME_VM_THRESHOLD).outcome === "faster")
            .length,
      ),
    );
  });
});
