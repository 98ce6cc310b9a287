import { assert, jsonValue, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { printable } from "../../src/support/printable.ts";

const BOLD = "\u001b[1mGPU\u001b[22m";
const RED = "\u001b[31mproblem\u001b[39m";

describe("printable text", () => {
  it.each([
    ["\u001b[31mred", "\\u001b[31mred"],
    ["\u001b]0;title\u0007", "\\u001b]0;title\\u0007"],
    ["\u009b2J", "\\u009b2J"],
    ["a\u0000b\u007f", "a\\u0000b\\u007f"],
    ["over\rwritten", "over\\u000dwritten"],
    ["\u202egnp.exe", "\\u202egnp.exe"],
  ])("shows %j", (text, shown) => {
    expect(printable(text)).toBe(shown);
    expect(printable(text, true)).toBe(shown);
  });

  it("leaves lines, tabs and every ordinary character alone", () => {
    const text = "GPU\tµ 漢字 🙂 …\nnext\n";
    expect(printable(text)).toBe(text);
    expect(printable("a\r\nb")).toBe("a\nb");
  });

  it("keeps what we paint where there is colour, and only what ends on its line", () => {
    expect(printable(`${BOLD} ${RED}`, true)).toBe(`${BOLD} ${RED}`);
    expect(printable(`${BOLD} ${RED}`)).toBe("GPU problem");
    expect(printable("\u001b[31mred\nnext\u001b[39m", true)).toBe(
      "\\u001b[31mred\nnext\\u001b[39m",
    );
    expect(printable("\u001b[8mhidden\u001b[39m", true)).toBe("\\u001b[8mhidden\\u001b[39m");
  });

  it("leaves JSON the same JSON", () => {
    assert(
      property(jsonValue(), string({ unit: "binary" }), (value, text) => {
        const json = JSON.stringify([value, `${text}\u009b\u007f\u202e`], undefined, 2);
        expect(JSON.parse(printable(json))).toEqual(JSON.parse(json));
      }),
      { numRuns: 50 },
    );
  });
});
