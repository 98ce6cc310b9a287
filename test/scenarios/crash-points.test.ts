import { availableParallelism } from "node:os";
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import {
  DRILL_PLAN,
  runDrillCase,
  type DrillCase,
  type DrillResult,
} from "../../src/drill/drill-case.ts";
import { DRILL_FAULTS } from "../../src/drill/faults.ts";
import { COVERING_CASES, factTypes, POINTS, RECOVERY_CASES } from "../crash-points/matrix.ts";
import { openTestWorld, runMatrix } from "../crash-points/run-matrix.ts";
import { RECOVERED, UNWRITTEN, WAYS } from "../crash-points/ways.ts";

const LANES = Math.max(2, Math.min(6, availableParallelism() + 1));

describe("the list of facts is the list of crash points", () => {
  test("every fact has a way by which a run comes to it", () => {
    expect(factTypes().length).toBeGreaterThan(40);
    expect(factTypes().toSorted()).toEqual(Object.keys(WAYS).toSorted());
  });

  test("what counts as never written is written nowhere", () => {
    const source = new URL("../../src/", import.meta.url);
    const files = readdirSync(source, { recursive: true, encoding: "utf8" });
    const text = files
      .filter((name) => name.endsWith(".ts"))
      .map((name) => readFileSync(new URL(name, source), "utf8"))
      .join("\n");
    expect(UNWRITTEN.filter((type) => text.includes(`type: "${type}"`))).toEqual([]);
  });

  test("the cases below cover every point and every fault, at least a hundred of them", () => {
    expect(COVERING_CASES.length).toBeGreaterThanOrEqual(100);
    const found = (pick: (one: (typeof COVERING_CASES)[number]) => string): Set<string> =>
      new Set(COVERING_CASES.map(pick));
    expect(found(({ point, when }) => `${point} ${when}`).size).toBe(POINTS.length * 2);
    expect(found(({ point, guard }) => `${point} ${guard}`).size).toBe(POINTS.length * 2);
    expect(found(({ fault, when, guard }) => `${fault} ${when} ${guard}`).size).toBe(
      DRILL_FAULTS.length * 4,
    );
  });
});

/** Alone on two cores it takes two to three minutes; beside other tests longer. */
const LONGEST_MS = 900_000;
const nameOf = ({ point, when, guard, fault }: DrillCase): string =>
  `${when} ${point}, guard ${guard}, API: ${fault}`;

describe.each([
  [
    "however the program dies, nothing is left and nothing measured is lost",
    COVERING_CASES,
    undefined,
  ],
  ["a recovery that dies too is made good by the next one", RECOVERY_CASES, () => RECOVERED],
] as const)("%s", (_name, cases, wayTo) => {
  const results = new Map<string, DrillResult>();

  beforeAll(async () => {
    await runMatrix(cases, LANES, (result) => results.set(nameOf(result.drill), result), wayTo);
  }, LONGEST_MS);

  test.each(cases.map((one) => [nameOf(one)] as const))("%s", (name) => {
    const result = results.get(name);
    expect(result?.broken).toEqual([]);
    expect(result?.reached).toBe(true);
  });
});

test("a planted hole is found: without guard and without recover a VM is left", async () => {
  const world = await openTestWorld();
  try {
    const result = await runDrillCase(
      { point: "create.acknowledged", when: "after", guard: "killed", fault: "no fault" },
      { plan: DRILL_PLAN, recoveries: 0 },
      world,
      new AbortController().signal,
    );
    expect(result.reached).toBe(true);
    expect(result.leaked).toBe(2);
    expect(result.broken).toEqual([
      expect.stringMatching(/^mds-\w{8}-001-\w{4}-x\w+ still exists$/),
      expect.stringMatching(/^mds-\w{8}-x\w+ still exists$/),
      expect.stringMatching(/^run \w{8} is unresolved$/),
    ]);
  } finally {
    await world.close();
  }
});
