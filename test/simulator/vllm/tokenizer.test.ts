import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTokenizer } from "../../../src/simulator/vllm/tokenizer.ts";

const tokenizer = createTokenizer("acme/model", 50_000);
const encode = (text: string): number[] => tokenizer.encode(text);

describe("tokens", () => {
  test("any text has tokens of the vocabulary, never more than characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const tokens = encode(text);
        expect(tokens.length).toBeLessThanOrEqual(text.length);
        expect(tokens.length > 0).toBe(text.length > 0);
        for (const one of tokens) expect(one).toBeLessThan(50_000);
      }),
    );
  });

  test("lines are tokenized one by one, so that a longer prompt never has fewer tokens", () => {
    const lines = fc.array(fc.stringMatching(/^[a-z (){}=;.0-9]{0,40}$/), { maxLength: 20 });
    fc.assert(
      fc.property(lines, lines, (head, tail) => {
        const text = `${head.join("\n")}\n`;
        const longer = `${text}x${tail.join("\n")}`;
        expect(encode(longer).slice(0, encode(text).length)).toEqual(encode(text));
      }),
    );
  });

  test("prose and code are about as many tokens as usual: three to five characters each", () => {
    const prose = "The quick brown fox jumps over the lazy dog, and no one has seen it since. ";
    const code = "export function total(items: readonly Item[]): number { return items.length; }\n";
    for (const text of [prose, code]) {
      const each = text.length / encode(text).length;
      expect(each).toBeGreaterThan(2.5);
      expect(each).toBeLessThan(5.5);
    }
  });

  test("a conversation has its template's tokens besides its words", () => {
    const content = "hello there";
    const chat = tokenizer.encodeChat([{ role: "user", content }]);
    expect(chat.length).toBeGreaterThan(encode(content).length + 4);
    expect(tokenizer.encodeChat([{ role: "user", content }])).toEqual(chat);
  });
});
