import { expect, it } from "vitest";
import { positiveNumber } from "../../src/cli/options.ts";
import { speak } from "./fake-terminal.ts";

it.each([
  ["25", 25],
  ["0.5", 0.5],
  [".5", 0.5],
])("reads %s as a number above 0", (text, value) => {
  expect(positiveNumber(text)).toBe(value);
});

it.each([
  ["estimate", "--max-cost", "99999999999", "plan.yaml"],
  ["run", "--max-cost", "100000.01", "plan.yaml"],
  ["up", "--max-cost", "9".repeat(30)],
  ["benchmark", "--api-base", "http://127.0.0.1:9", "--hourly-cost", "99999999999"],
])("refuses an amount of money that nobody can mean: %s %s %s", async (...argv) => {
  const { code, stderr } = await speak(argv);
  expect(code).toBe(2);
  expect(stderr).toContain("at most 100,000 US dollars");
});

it.each([
  "0x10",
  "0b1",
  "1e3",
  "Infinity",
  "NaN",
  "+5",
  "-5",
  "0",
  "",
  " 5",
  ".",
  "1,5",
  "9".repeat(400),
])("takes no plain decimal number above 0 from %j", async (text) => {
  expect(() => positiveNumber(text)).toThrow("plain decimal");
  expect(await speak(["estimate", `--max-cost=${text}`, "plan.yaml"])).toMatchObject({ code: 2 });
});
