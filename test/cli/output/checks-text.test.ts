import { expect, test } from "vitest";
import { checksText } from "../../../src/cli/output/checks-text.ts";
import { ok, problem, warning, type Check } from "../../../src/doctor/check.ts";

const fine = ok("node", "Node v24");
const late = warning("clock", "9 s behind", "set the clock");
const missing = problem("token", "there is none", "export LINODE_TOKEN=...");

test.each<[string, readonly Check[]]>([
  ["Ready: all 2 checks passed.", [fine, fine]],
  ["Ready, with 1 warning.", [fine, late]],
  ["Not ready: 1 problem.", [fine, missing]],
  ["Not ready: 2 problems, 1 warning.", [missing, late, missing]],
])("the first line is %j", (verdict, checks) => {
  const [first] = checksText(checks, { width: 80, colour: false }).split("\n");
  expect(first).toBe(verdict);
});
