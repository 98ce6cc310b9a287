import { assert, jsonValue, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeControls, oneLine, stripControls } from "../../src/support/terminal-text.ts";

const BOLD = "\u001b[1mGPU\u001b[22m";
const RED = "\u001b[31mproblem\u001b[39m";

describe("escaped text", () => {
  it.each([
    ["\u001b[31mred", "\\u001b[31mred"],
    ["\u001b]0;title\u0007", "\\u001b]0;title\\u0007"],
    ["\u009b2J", "\\u009b2J"],
    ["a\u0000b\u007f", "a\\u0000b\\u007f"],
    ["over\rwritten", "over\\u000dwritten"],
    ["\u202egnp.exe", "\\u202egnp.exe"],
  ])("shows %j", (text, shown) => {
    expect(escapeControls(text)).toBe(shown);
    expect(escapeControls(text, true)).toBe(shown);
  });

  it("preserves line breaks, tabs and ordinary characters", () => {
    const text = "GPU\tµ 漢字 🙂 …\nnext\n";
    expect(escapeControls(text)).toBe(text);
    expect(escapeControls("a\r\nb")).toBe("a\nb");
  });

  it("preserves our own styles if colour is enabled and the style ends on the same line", () => {
    expect(escapeControls(`${BOLD} ${RED}`, true)).toBe(`${BOLD} ${RED}`);
    expect(escapeControls(`${BOLD} ${RED}`)).toBe("GPU problem");
    expect(escapeControls("\u001b[31mred\nnext\u001b[39m", true)).toBe(
      "\\u001b[31mred\nnext\\u001b[39m",
    );
    expect(escapeControls("\u001b[8mhidden\u001b[39m", true)).toBe("\\u001b[8mhidden\\u001b[39m");
  });

  it("preserves the meaning of JSON", () => {
    assert(
      property(jsonValue(), string({ unit: "binary" }), (value, text) => {
        const json = JSON.stringify([value, `${text}\u009b\u007f\u202e`], undefined, 2);
        expect(JSON.parse(escapeControls(json))).toEqual(JSON.parse(json));
      }),
      { numRuns: 50 },
    );
  });
});

const HOSTILE = "\u001b[31mred\u001b[0m \u001b]0;title\u0007\u009b2Jend\u0000\u202e\u2028";

describe("stripped text", () => {
  it("has no terminal sequences and control characters other than line breaks and tabs", () => {
    expect(stripControls(`a\tb\r\n${HOSTILE}\rc\n`)).toBe("a\tb\nred end\nc\n");
  });

  it("has nothing that would affect a terminal", () => {
    assert(
      property(string({ unit: "binary" }), (text) => {
        expect(stripControls(text)).not.toMatch(/[^\P{Cc}\n\t]/u);
        expect(oneLine(text)).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  it("can be reduced to one line", () => {
    expect(oneLine(`  two\n\nlines \t${HOSTILE}`)).toBe("two lines red end");
  });
});
