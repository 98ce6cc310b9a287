import { generateKeyPairSync } from "node:crypto";
import * as fc from "fast-check";
import ssh2 from "ssh2";
import { describe, expect, it } from "vitest";
import { encodeSshKey, generateSshKey } from "../../src/machine/keys.ts";

const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((array) => Buffer.from(array));

describe("generated SSH keys", () => {
  it("can be parsed by ssh2, both halves, in hundreds of samples", () => {
    for (let i = 0; i < 600; i += 1) {
      const key = generateSshKey("mds-test");
      const parsed = ssh2.utils.parseKey(key.privateKey);
      const line = ssh2.utils.parseKey(key.publicLine);
      if (parsed instanceof Error || line instanceof Error) throw new Error(`key ${String(i)}`);
      expect(parsed.isPrivateKey()).toBe(true);
      expect(parsed.comment).toBe("mds-test");
      expect(parsed.getPublicSSH().equals(line.getPublicSSH())).toBe(true);
      expect(key.publicLine).toBe(`ssh-ed25519 ${key.publicWire} mds-test`);
    }
  });

  it("keep leading zero bytes", () => {
    fc.assert(
      fc.property(bytes, bytes, fc.stringMatching(/^[\w.@-]{1,40}$/), (seed, point, comment) => {
        const zeroed = Buffer.concat([Buffer.from([0, 0]), point.subarray(2)]);
        const key = encodeSshKey(seed, zeroed, comment);
        const wire = Buffer.from(key.publicWire, "base64");
        expect(wire.subarray(-32).equals(zeroed)).toBe(true);
        const file = Buffer.from(key.privateKey.replace(/-----.*-----/g, ""), "base64");
        expect(file.includes(Buffer.concat([seed, zeroed]))).toBe(true);
        expect((file.length - file.indexOf(wire) - wire.length - 4) % 8).toBe(0);
        expect(key.privateKey.split("\n").every((line) => line.length <= 70)).toBe(true);
      }),
    );
  });

  it("reject a comment with a line break, and bytes that are not a key", () => {
    for (const comment of ["", "a b", "a\nssh-rsa AAAA", "x".repeat(65), "é"]) {
      expect(() => generateSshKey(comment)).toThrow("comment");
    }
    const { privateKey } = generateKeyPairSync("ed25519");
    const seed = Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url");
    expect(() => encodeSshKey(seed, seed.subarray(1), "c")).toThrow("ed25519");
  });
});
