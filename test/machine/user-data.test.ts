import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { generateSshKey } from "../../src/machine/keys.ts";
import { buildUserData } from "../../src/machine/user-data.ts";

interface CloudConfig {
  readonly ssh_keys: Record<string, string>;
  readonly write_files: readonly {
    readonly path: string;
    readonly permissions: string;
    readonly encoding?: string;
    readonly content: string;
  }[];
  readonly [key: string]: unknown;
}

const hostKey = generateSshKey("mds-host");
const image = "vllm/vllm-openai:v0.27.1";
const text = buildUserData({ hostKey, image });
const config = parse(text) as CloudConfig;
const template = (name: string): string =>
  readFileSync(new URL(`../../templates/${name}`, import.meta.url), "utf8");

describe("user-data", () => {
  it("is valid YAML and within the API's size limit", () => {
    expect(text.startsWith("#cloud-config\n")).toBe(true);
    expect(Buffer.byteLength(text)).toBeLessThan(16_384);
    expect(JSON.parse(text.slice(text.indexOf("\n")))).toEqual(config);
  });

  it("installs our host key, deletes the image's, upgrades nothing and allows root to log in by key only", () => {
    expect(config).toMatchObject({
      ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicLine },
      ssh_deletekeys: true,
      ssh_pwauth: false,
      disable_root: false,
      package_update: false,
      package_upgrade: false,
      runcmd: [["/opt/maider-sweep/setup", "start"]],
    });
  });

  it("contains the two programs unchanged, and the image's name as data", () => {
    const written = config.write_files.map((file) => [
      file.path,
      file.permissions,
      file.encoding === "gz+b64"
        ? gunzipSync(Buffer.from(file.content, "base64")).toString()
        : file.content,
    ]);
    expect(written).toEqual([
      ["/opt/maider-sweep/setup", "0755", template("setup.sh")],
      ["/opt/maider-sweep/agent", "0755", template("agent.py")],
      ["/opt/maider-sweep/setup.json", "0644", JSON.stringify({ image })],
    ]);
  });

  it("contains no secret except the host key", () => {
    const rest = text.replace(JSON.stringify(hostKey.privateKey), "");
    expect(rest).not.toMatch(/PRIVATE KEY|Bearer [\w.]{8}|hf_[A-Za-z0-9]{20}/);
  });

  it.each([
    "$(touch canary)",
    "vllm/vllm-openai:v0.27.1\nruncmd: [reboot]",
    "--privileged",
    "../../etc/passwd",
    "vllm/vllm openai",
    "x".repeat(300),
    "",
    "vllm/vllm-openai@sha256:12",
  ])("rejects %j as the name of an image", (hostile) => {
    expect(() => buildUserData({ hostKey, image: hostile })).toThrow("container image");
  });

  it.each([
    "vllm/vllm-openai",
    "vllm/vllm-openai:v0.27.1",
    `vllm/vllm-openai:v0.27.1@sha256:${"0a".repeat(32)}`,
    `ghcr.io/some-one/vllm__fork@sha256:${"ff".repeat(32)}`,
    "localhost:5000/a/b/c:tag",
  ])("accepts %s as the name of an image", (name) => {
    expect(buildUserData({ hostKey, image: name })).toContain(name);
  });
});
