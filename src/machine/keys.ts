import { createPrivateKey, generateKeyPairSync, randomBytes } from "node:crypto";
import ssh2 from "ssh2";

export interface SshKey {
  /** `ssh-ed25519 <wire> <comment>`, as it stands in `authorized_keys`. */
  readonly publicLine: string;
  /** OpenSSH wire form, base64. */
  readonly publicWire: string;
  /** OpenSSH private key, PEM, not encrypted. */
  readonly privateKey: string;
}

const ALGORITHM = "ssh-ed25519";
const COMMENT = /^[\w.@-]{1,64}$/;

/**
 * A fresh ed25519 key. The encoding is our own (PROTOCOL.key of OpenSSH): ssh2's generator strips leading zero bytes
 * and so writes a broken key once in 256 times (mscdex/ssh2#1390).
 * @throws Error when the comment is not plain, or when the key does not read back as what was made.
 */
export function generateSshKey(comment: string): SshKey {
  if (!COMMENT.test(comment)) throw new Error("the comment of an SSH key must be plain text");
  const pair = generateKeyPairSync("ed25519");
  const jwk = pair.privateKey.export({ format: "jwk" });
  if (jwk.x === undefined || jwk.d === undefined) throw new Error("no ed25519 key was made");
  const key = encodeSshKey(
    Buffer.from(jwk.d, "base64url"),
    Buffer.from(jwk.x, "base64url"),
    comment,
  );
  assertReadsBack(key);
  return key;
}

/** `seed` and `point` are the 32 bytes each of an ed25519 key. */
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

/** A key that does not work is found out here, not on a VM that costs money. */
function assertReadsBack(key: SshKey): void {
  const parsed = ssh2.utils.parseKey(key.privateKey);
  if (parsed instanceof Error) throw parsed;
  const sample = Buffer.from("self-check");
  // Typed as a boolean, but ssh2 returns errors instead of throwing them.
  const verified: unknown = parsed.verify(sample, parsed.sign(sample));
  const sound =
    Buffer.from(parsed.getPublicSSH()).toString("base64") === key.publicWire &&
    createPrivateKey(parsed.getPrivatePEM()).asymmetricKeyType === "ed25519" &&
    verified === true;
  if (!sound) throw new Error("the SSH key that was made does not read back");
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
