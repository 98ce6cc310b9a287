import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createPrefixCache } from "../../../src/simulator/vllm/prefix-cache.ts";
import { createTokenizer } from "../../../src/simulator/vllm/tokenizer.ts";

const tokenizer = createTokenizer("acme/model", 50_000);
const encode = (text: string): number[] => tokenizer.encode(text);
const token = fc.integer({ min: 0, max: 9 });

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

  test("lines tell their tokens one by one, so that a longer prompt never has fewer", () => {
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
    const prose = "The quick brown fox jumps over the lazy dog, and nobody has seen it since. ";
    const code = "export function total(items: readonly Item[]): number { return items.length; }\n";
    for (const text of [prose, code]) {
      const each = text.length / encode(text).length;
      expect(each).toBeGreaterThan(2.5);
      expect(each).toBeLessThan(5.5);
    }
  });

  test("a conversation has its template's tokens beside its words", () => {
    const content = "hello there";
    const chat = tokenizer.encodeChat([{ role: "user", content }]);
    expect(chat.length).toBeGreaterThan(encode(content).length + 4);
    expect(tokenizer.encodeChat([{ role: "user", content }])).toEqual(chat);
  });
});

describe("prefix cache", () => {
  test("what was kept is found in whole blocks, but for the last token, which is always computed", () => {
    fc.assert(
      fc.property(fc.array(token, { minLength: 1, maxLength: 80 }), (tokens) => {
        const cache = createPrefixCache(8, 100);
        expect(cache.match(tokens, "a")).toBe(0);
        cache.keep(tokens, "a");
        expect(cache.match(tokens, "a")).toBe(8 * Math.floor((tokens.length - 1) / 8));
        expect(cache.match(tokens, "b")).toBe(0);
        expect(cache.match(tokens, undefined)).toBe(0);
      }),
    );
  });

  test("only what both begin with is shared", () => {
    const long = fc.array(token, { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(long, long, (one, other) => {
        const cache = createPrefixCache(4, 100);
        cache.keep(one, undefined);
        let common = 0;
        while (common < Math.min(one.length, other.length) && one[common] === other[common])
          common += 1;
        expect(cache.match(other, undefined)).toBeLessThanOrEqual(common);
      }),
    );
  });

  test("the oldest make room", () => {
    const cache = createPrefixCache(4, 2);
    const [old, fresh] = [Array<number>(8).fill(1), Array<number>(8).fill(2)];
    cache.keep(old, undefined);
    cache.keep(fresh, undefined);
    expect(cache.match([...fresh, 0], undefined)).toBe(8);
    expect(cache.match([...old, 0], undefined)).toBe(0);
  });
});
