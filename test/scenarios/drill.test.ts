import { expect, test } from "vitest";
import { DRILL_FAULTS } from "../../src/drill/faults.ts";
import { sweepRun } from "../simulated/sweep-run.ts";

test("drill prints each kill and fault, and ends with a line that says nothing leaked", async () => {
  await using rig = await sweepRun(9);
  const { code, stdout, stderr } = await rig.run("drill");
  expect(stderr).toBe("");
  for (const fault of DRILL_FAULTS)
    expect(stdout).toContain(fault === "no fault" ? "the API works" : `API: ${fault}`);
  expect(stdout).toMatch(/the guard took over/);
  expect(stdout).toMatch(/maider-sweep recover took over/);
  expect(stdout).not.toContain("BROKEN");
  expect(stdout.trimEnd().split("\n").at(-1)).toMatch(
    /^0 leaked, invoice \$\d+\.\d\d <= cap \$\d+\.\d\d$/,
  );
  expect(code).toBe(0);
});
