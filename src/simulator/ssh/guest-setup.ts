import { gunzipSync } from "node:zlib";
import ssh2 from "ssh2";
import { parse } from "yaml";

/** The result of the first boot's user-data. */
export interface GuestSetup {
  /** PEM; undefined if the user-data has none and the image generates its own. */
  readonly hostKey: string | undefined;
  /** Lines for root's `authorized_keys`, without those of the API. */
  readonly rootKeys: readonly string[];
  readonly files: ReadonlyMap<string, GuestFile>;
  /** The command lines that it starts. */
  readonly commands: readonly string[];
}

interface GuestFile {
  readonly content: Buffer;
  readonly executable: boolean;
}

const NOTHING: GuestSetup = { hostKey: undefined, rootKeys: [], files: new Map(), commands: [] };

/** As lenient as cloud-init: invalid parts are ignored, and the VM boots without them. */
export function readUserData(userData: string): GuestSetup {
  if (!userData.startsWith("#cloud-config\n") && !userData.startsWith("#cloud-config\r\n"))
    return NOTHING;
  let config: unknown;
  try {
    config = parse(userData);
  } catch {
    return NOTHING;
  }
  const hostKey = text(at(at(config, "ssh_keys"), "ed25519_private"));
  return {
    hostKey: hostKey !== undefined && isEd25519(hostKey) ? hostKey : undefined,
    rootKeys: rootKeys(config),
    files: new Map(list(at(config, "write_files")).flatMap(writtenFile)),
    commands: list(at(config, "runcmd")).map((command) =>
      Array.isArray(command) ? command.map(String).join(" ") : String(command),
    ),
  };
}

/** Generates the image's own host key, which is unknown outside the VM. */
export function generateHostKey(): string {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519");
    // One in 256 of them is malformed (mscdex/ssh2#1390).
    if (isEd25519(pair.private)) return pair.private;
  }
}

function isEd25519(pem: string): boolean {
  const key = ssh2.utils.parseKey(pem);
  return (
    !(key instanceof Error) &&
    !Array.isArray(key) &&
    key.isPrivateKey() &&
    key.type === "ssh-ed25519"
  );
}

/** The default user's keys are root's too, unless `disable_root` is true. */
function rootKeys(config: unknown): string[] {
  const keysOf = (user: unknown): string[] =>
    list(at(user, "ssh_authorized_keys")).filter((key) => typeof key === "string");
  const users = list(at(config, "users")).filter((user) => at(user, "name") === "root");
  const shared = at(config, "disable_root") === true ? [] : keysOf(config);
  return [...shared, ...users.flatMap(keysOf)];
}

function writtenFile(entry: unknown): [string, GuestFile][] {
  const path = text(at(entry, "path"));
  const content = text(at(entry, "content")) ?? "";
  if (path === undefined) return [];

  const mode = text(at(entry, "permissions")) ?? "0644";
  const decoded = decode(content, text(at(entry, "encoding")) ?? "");
  if (decoded === undefined) return [];
  return [[path, { content: decoded, executable: (Number.parseInt(mode, 8) & 0o100) !== 0 }]];
}

function decode(content: string, encoding: string): Buffer | undefined {
  const base64 = /b64|base64/.test(encoding);
  const bytes = Buffer.from(content, base64 ? "base64" : "utf8");
  if (!encoding.startsWith("gz")) return bytes;
  try {
    return gunzipSync(bytes);
  } catch {
    return undefined;
  }
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
