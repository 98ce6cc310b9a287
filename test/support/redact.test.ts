import * as fc from "fast-check";
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createRedactor } from "../../src/support/redact.ts";

const SECRET = 'p@ss/wörd+with "quotes"\nand a line';
const redact = createRedactor([SECRET]);
const HEX64 = "0123456789abcdef".repeat(4);

describe("a known secret is redacted", () => {
  it.each([
    ["as it is", SECRET],
    ["inside JSON", JSON.stringify({ token: SECRET })],
    ["inside a URL", `https://x/?t=${encodeURIComponent(SECRET)}`],
    ["in base64", Buffer.from(SECRET).toString("base64")],
    ["in base64 for URLs", Buffer.from(SECRET).toString("base64url")],
  ])("%s", (_, text) => {
    expect(redact(text)).toContain("[redacted]");
    expect(redact(text)).not.toContain("quotes");
  });

  it("at any position of an encoded text", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 12, unit: "binary" }),
        fc.string(),
        fc.string(),
        fc.constantFrom("base64" as const, "base64url" as const),
        (secret, before, after, encoding) => {
          const whole = Buffer.concat([before, secret, after].map((text) => Buffer.from(text)));
          const clean = createRedactor([secret])(whole.toString(encoding));
          expect(clean).toContain("[redacted]");
        },
      ),
    );
  });

  it("if another secret is its prefix", () => {
    expect(createRedactor(["secret", "secret-longer"])("a secret-longer b")).toBe("a [redacted] b");
  });

  it("but not if it has fewer than six characters", () => {
    expect(createRedactor(["", "a", "abcde"])("abcde is a word")).toBe("abcde is a word");
  });
});

describe("text that looks like a secret is redacted", () => {
  const clean = createRedactor([]);
  it.each([
    ["Authorization: Bearer abc.DEF-123", "Authorization: Bearer [redacted]"],
    ['{"authorization":"bearer abc"}', '{"authorization":"bearer [redacted]"}'],
    [`token ${HEX64}.`, "token [redacted]."],
    [`HF_TOKEN=hf_${"aB3".repeat(10)}`, "HF_TOKEN=[redacted]"],
  ])("%s", (text, expected) => {
    expect(clean(text)).toBe(expected);
  });

  it.each([
    `vllm/vllm-openai@sha256:${HEX64}`,
    `{"sha256":"${HEX64}"}`,
    `{"image_digest": "${HEX64}"}`,
    `${HEX64}00`,
    "0123456789abcdef0123456789abcdef01234567",
    "hf_short",
  ])("but not %s", (text) => {
    expect(clean(text)).toBe(text);
  });

  it("a private key, complete, escaped or truncated", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const body = pem.split("\n")[1] ?? "";
    expect(clean(`before ${pem}after`)).toBe("before [redacted]\nafter");
    expect(clean(pem.slice(0, -30))).not.toContain(body);
    const json = clean(JSON.stringify({ pem, cut: pem.slice(0, -30), other: 1 }));
    expect(JSON.parse(json)).toEqual({ pem: "[redacted]\n", cut: "[redacted]", other: 1 });
  });
});

it("redacted JSON is valid JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ minLength: 6 }), (value, secret) => {
      const text = JSON.stringify({ value, secret, pem: "-----BEGIN PRIVATE KEY-----" });
      // Secrets that are only punctuation or digits occur in JSON itself.
      fc.pre(
        /[A-Za-z]/.test(secret) && !JSON.stringify({ value, pem: "", secret: "" }).includes(secret),
      );
      expect(() => JSON.parse(createRedactor([secret])(text)) as unknown).not.toThrow();
    }),
  );
});
