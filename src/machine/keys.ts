import { createPrivateKey, generateKeyPairSync, randomBytes } from "node:crypto";
import ssh2 from "ssh2";

export interface SshKey {
  /** `ssh-ed25519 <wire> <comment>`, the format of `authorized_keys`. */
  readonly publicLine: string;
  /** OpenSSH wire form, base64. */
  readonly publicWire: string;
  /** OpenSSH private key, PEM, not encrypted. */
  readonly privateKey: string;
}

const ALGORITHM = "ssh-ed25519";
const COMMENT = /^[\w.@-]{1,64}$/;

/**
 * Generates an ed25519 key. We encode it ourselves (OpenSSH's PROTOCOL.key), since ssh2's generator strips leading zero
 * bytes and therefore writes one key in 256 that cannot be used (mscdex/ssh2#1390).
 * @throws Error if the comment is not plain text, or the encoded key fails its self-check
 */
export function generateSshKey(comment: string): SshKey {
  if (!COMMENT.test(comment)) throw new Error("the comment of an SSH key must be plain text");
  const pair = generateKeyPairSync("ed25519");
  const jwk = pair.privateKey.export({ format: "jwk" });
  if (jwk.x === undefined || jwk.d === undefined) throw new Error("no ed25519 key was generated");
  const key = encodeSshKey(
    Buffer.from(jwk.d, "base64url"),
    Buffer.from(jwk.x, "base64url"),
    comment,
  );
  assertUsable(key);
  return key;
}

/** @param seed private half of the key, 32 bytes; @param point public half, 32 bytes */
export function encodeSshKey(seed: Buffer, point: Buffer, comment: string): SshKey {
  if (seed.length !== 32 || point.length !== 32) throw new Error("not an ed25519 key");
  const wire = Buffer.concat([text(ALGORITHM), text(point)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    wire,
    text(Buffer.concat([seed, point])),
    text(comment),
  ]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (secret.length % 8)) % 8);
  const file = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    text("none"),
    text("none"),
    text(""),
    uint32(1),
    text(wire),
    text(Buffer.concat([secret, padding])),
  ]);
  const lines = file.toString("base64").match(/.{1,70}/g) ?? [];
  const publicWire = wire.toString("base64");
  return {
    publicLine: `${ALGORITHM} ${publicWire} ${comment}`,
    publicWire,
    privateKey: [
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      ...lines,
      "-----END OPENSSH PRIVATE KEY-----",
      "",
    ].join("\n"),
  };
}

/** Signs and verifies a sample, so that an unusable key is noticed before a VM is rented. */
function assertUsable(key: SshKey): void {
  const parsed = ssh2.utils.parseKey(key.privateKey);
  if (parsed instanceof Error) throw parsed;
  const sample = Buffer.from("self-check");
  // Declared as boolean, but ssh2 returns errors instead of throwing them.
  const verified: unknown = parsed.verify(sample, parsed.sign(sample));
  const isUsable =
    Buffer.from(parsed.getPublicSSH()).toString("base64") === key.publicWire &&
    createPrivateKey(parsed.getPrivatePEM()).asymmetricKeyType === "ed25519" &&
    verified === true;
  if (!isUsable) throw new Error("the generated SSH key cannot be used");
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([uint32(bytes.length), bytes]);
}
