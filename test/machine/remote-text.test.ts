import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countableText, plainText } from "../../src/machine/remote-text.ts";

// oxlint-disable-next-line no-control-regex -- the very characters that must not come through
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/;

describe("text from a machine", () => {
  it("never holds what a terminal would obey", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (array) => {
        expect(plainText(Buffer.from(array))).not.toMatch(CONTROL);
        expect(countableText(Buffer.from(array))).not.toMatch(CONTROL);
      }),
    );
    expect(plainText("a\u001b]0;title\u0007\r\nb\u202ec")).toBe("a\nbc");
  });

  it("is cut from the front when it is long", () => {
    expect(plainText("abcdef", 3)).toBe("…def");
  });

  it("of a log has as many UTF-8 bytes as were read, so that following it neither skips nor repeats", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 80 });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 7 }), (log, step) => {
        const bytes = Buffer.from(log);
        let offset = 0;
        let read = "";
        while (offset < bytes.length) {
          const part = countableText(bytes.subarray(offset, offset + Math.max(step, 4)));
          expect(part).not.toBe("");
          offset += Buffer.byteLength(part);
          read += part;
        }
        expect(offset).toBe(bytes.length);
        expect(read).toBe(countableText(bytes));
      }),
      { examples: [["\ufffd\u00a0", 1]] },
    );
  });

  it("of a log counts bytes that are no UTF-8 as one character each", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (array) => {
        const bytes = Buffer.concat([Buffer.from(array), Buffer.from("\n")]);
        expect(Buffer.byteLength(countableText(bytes))).toBe(bytes.length);
      }),
    );
  });
});
