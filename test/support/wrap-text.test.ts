import { array, assert, integer, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { wrapText } from "../../src/support/wrap-text.ts";

describe("wrapped text", () => {
  it("is broken between words and fills the width, including the indent", () => {
    expect(wrapText("one two three four", 9)).toEqual(["one two", "three", "four"]);
    expect(wrapText("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrapText("one two three", 9, "  ")).toEqual(["  one two", "  three"]);
  });

  it("is measured in columns, not characters", () => {
    expect(wrapText("漢字 漢字 漢字", 9)).toEqual(["漢字 漢字", "漢字"]);
  });

  it("never breaks a word, even if it exceeds the width", () => {
    const word = string({ unit: "grapheme-ascii", minLength: 1 }).filter((w) => !w.includes(" "));
    assert(
      property(array(word, { minLength: 1 }), integer({ min: 1, max: 40 }), (words, width) => {
        const lines = wrapText(words.join(" "), width);
        expect(lines.join(" ")).toBe(words.join(" "));
        for (const line of lines) expect(line.length <= width || !line.includes(" ")).toBe(true);
      }),
    );
  });
});
