import { gunzipSync } from "node:zlib";
import ssh2 from "ssh2";
import { parse } from "yaml";

/** What cloud-init made of the user-data at the first boot. */
export interface GuestSetup {
  /** PEM; undefined when the user-data names none, and the image makes its own. */
  readonly hostKey: string | undefined;
  /** Lines that may log in as root, those of the API not among them. */
  readonly rootKeys: readonly string[];
  readonly files: ReadonlyMap<string, GuestFile>;
  /** What it starts, one line a command. */
  readonly commands: readonly string[];
}

interface GuestFile {
  readonly content: Buffer;
  readonly executable: boolean;
}

const NOTHING: GuestSetup = { hostKey: undefined, rootKeys: [], files: new Map(), commands: [] };

/** As lenient as cloud-init: what it does not understand has no effect, and the VM comes up without it. */
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

/** The image's own host key, unknown outside the VM. */
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

/** Ubuntu bars root's keys unless `disable_root` is false; those of the default user go to root as well. */
function rootKeys(config: unknown): string[] {
  const keysOf = (user: unknown): string[] =>
    list(at(user, "ssh_authorized_keys")).filter((key) => typeof key === "string");
  const users = list(at(config, "users")).filter((user) => at(user, "name") === "root");
  const everybody = at(config, "disable_root") === true ? [] : keysOf(config);
  return [...everybody, ...users.flatMap(keysOf)];
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
