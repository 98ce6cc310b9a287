import * as fc from "fast-check";
import { expect, it } from "vitest";
import { exactText, parseExact } from "../../../src/results/store/exact-json.ts";

it.each(["1.0", "-0", "1e5", "12345678901234567890123", "NaN", "-Infinity", "Infinity", "0.10"])(
  "%s stays as it is written",
  (figure) => {
    const text = `{\n  "a": ${figure},\n  "b": [\n    ${figure}\n  ],\n  "NaN": "NaN, 1.0"\n}`;
    expect(exactText(parseExact(text))).toBe(text);
  },
);

it("the output of JSON.stringify is preserved", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value, undefined, 2);
      expect(exactText(parseExact(text))).toBe(text);
    }),
  );
});

it("text that is not JSON is rejected", () => {
  expect(() => parseExact('{"a": NAN}')).toThrow(SyntaxError);
});
