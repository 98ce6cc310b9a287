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
