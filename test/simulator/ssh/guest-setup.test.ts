import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { stringify } from "yaml";
import { describe, expect, test } from "vitest";
import { buildUserData } from "../../../src/machine/user-data.ts";
import { AGENT_PATH } from "../../../src/machine/agent-protocol.ts";
import { generateSshKey } from "../../../src/machine/keys.ts";
import { SETUP_STAGES } from "../../../src/simulator/ssh/setup-run.ts";
import { generateHostKey, readUserData } from "../../../src/simulator/ssh/guest-setup.ts";

const key = generateSshKey("host");
const cloudConfig = (value: object): string => `#cloud-config\n${stringify(value)}`;

describe("user-data", () => {
  test("what the program itself sends has the host key, both scripts and the start of the set-up", () => {
    const setup = readUserData(buildUserData({ hostKey: key, image: "vllm/vllm-openai:v0.27.1" }));
    expect(setup.hostKey).toBe(key.privateKey);
    expect(setup.files.get(AGENT_PATH)).toMatchObject({ executable: true });
    expect(setup.files.get(AGENT_PATH)?.content.toString()).toMatch(/^#!/);
    expect(setup.commands).toEqual(["/opt/maider-sweep/setup start"]);
  });

  test.each([
    ["no header", stringify({ runcmd: ["x"] })],
    ["a script", "#!/bin/bash\ntrue\n"],
    ["broken YAML", "#cloud-config\nruncmd: [\n"],
    ["empty", ""],
  ])("%s has no effect at all", (_what, text) => {
    const setup = readUserData(text);
    expect(setup.hostKey).toBeUndefined();
    expect(setup.files.size).toBe(0);
    expect(setup.commands).toEqual([]);
  });

  test("a host key that is none leaves the image's own", () => {
    const setup = readUserData(cloudConfig({ ssh_keys: { ed25519_private: key.publicLine } }));
    expect(setup.hostKey).toBeUndefined();
    expect(
      readUserData(cloudConfig({ ssh_keys: { ed25519_private: generateHostKey() } })).hostKey,
    ).toBeDefined();
  });

  test.each([
    ["", "plain", "plain"],
    ["b64", Buffer.from("coded").toString("base64"), "coded"],
    ["gz+b64", gzipSync("packed").toString("base64"), "packed"],
    ["gzip+base64", gzipSync("packed").toString("base64"), "packed"],
  ])("a file with the encoding '%s' is written as it was meant", (encoding, content, meant) => {
    const text = cloudConfig({ write_files: [{ path: "/a", encoding, content }] });
    const file = readUserData(text).files.get("/a");
    expect(file?.content.toString()).toBe(meant);
    expect(file?.executable).toBe(false);
  });

  test("a file that cannot be unpacked is not written", () => {
    const broken = { path: "/a", encoding: "gz+b64", content: "bm90IGd6aXA=" };
    expect(readUserData(cloudConfig({ write_files: [broken] })).files.size).toBe(0);
  });

  test.each([
    [{ ssh_authorized_keys: ["k1"] }, ["k1"]],
    [{ ssh_authorized_keys: ["k1"], disable_root: true }, []],
    [{ users: [{ name: "root", ssh_authorized_keys: ["k2"] }] }, ["k2"]],
    [{ users: [{ name: "bob", ssh_authorized_keys: ["k3"] }] }, []],
    [{ users: ["default"] }, []],
  ])("%j lets root in with %j", (config, keys) => {
    expect(readUserData(cloudConfig(config)).rootKeys).toEqual(keys);
  });
});

test("the set-up goes through the stages of the real script, in its order", () => {
  const script = readFileSync(new URL("../../../templates/setup.sh", import.meta.url), "utf8");
  const stages = [...script.matchAll(/^begin (\S+) (\d)$/gm)].map(([, name, index]) => [
    name,
    index,
  ]);
  expect(SETUP_STAGES.map(([name], index) => [name, String(index + 1)])).toEqual(stages);
});
