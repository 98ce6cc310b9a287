import { execFileSync } from "node:child_process";
import { array, assert, constantFrom, oneof, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { shellLine, shellWord } from "../../src/support/shell-word.ts";

const special = constantFrom(..."'\"\\$`!*?[]{}()<>|&;#~=% \n\t-".split(""));
/** An argument of a shell cannot contain NUL, and Node passes arguments as UTF-8. */
const word = array(
  oneof(
    special,
    string({ unit: "grapheme", minLength: 1 }).filter((text) => !text.includes("\0")),
  ),
).map((parts) => parts.join(""));

describe("a quoted word", () => {
  it("reaches the program unchanged, whatever it contains", () => {
    assert(
      property(array(word, { minLength: 1, maxLength: 20 }), (words) => {
        const output = execFileSync("sh", ["-c", `printf '%s\\0' ${shellLine(words)}`], {
          encoding: "utf8",
        });
        expect(output.split("\0").slice(0, -1)).toEqual(words);
      }),
      { numRuns: 60 },
    );
  });

  it.each(["g2-gpu-rtx4000a1-s", "Qwen/Qwen2.5-7B", "/home/me/plan.yaml"])(
    "is not quoted unnecessarily: %s",
    (text) => {
      expect(shellWord(text)).toBe(text);
    },
  );

  it("is quoted if a shell would expand it", () => {
    expect(shellWord("$(reboot)")).toBe("'$(reboot)'");
    expect(shellWord("it's")).toBe(String.raw`'it'\''s'`);
    expect(shellWord("")).toBe("''");
    expect(shellWord("~/plan.yaml")).toBe("'~/plan.yaml'");
  });
});
