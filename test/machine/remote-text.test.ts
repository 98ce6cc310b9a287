import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeLogPart, plainText } from "../../src/machine/remote-text.ts";

// oxlint-disable-next-line no-control-regex -- these characters must be removed
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/;

describe("text from a machine", () => {
  it("has no control characters", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (array) => {
        expect(plainText(Buffer.from(array))).not.toMatch(CONTROL);
        expect(decodeLogPart(Buffer.from(array))).not.toMatch(CONTROL);
      }),
    );
    expect(plainText("a\u001b]0;title\u0007\r\nb\u202ec")).toBe("a\nbc");
  });

  it("loses its beginning if it is too long", () => {
    expect(plainText("abcdef", 3)).toBe("…def");
  });

  it("of a log has as many UTF-8 bytes as were read, so that the next read neither skips nor repeats a byte", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 80 });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 7 }), (log, step) => {
        const bytes = Buffer.from(log);
        let offset = 0;
        let read = "";
        while (offset < bytes.length) {
          const part = decodeLogPart(bytes.subarray(offset, offset + Math.max(step, 4)));
          expect(part).not.toBe("");
          offset += Buffer.byteLength(part);
          read += part;
        }
        expect(offset).toBe(bytes.length);
        expect(read).toBe(decodeLogPart(bytes));
      }),
      { examples: [["\ufffd\u00a0", 1]] },
    );
  });

  it("of a log has one character for each byte that is not valid UTF-8", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (array) => {
        const bytes = Buffer.concat([Buffer.from(array), Buffer.from("\n")]);
        expect(Buffer.byteLength(decodeLogPart(bytes))).toBe(bytes.length);
      }),
    );
  });
});
