import { describe, expect, it } from "vitest";
import { KEY, order, testWorld } from "../test-world.ts";

const errorsOf = (changes: Record<string, unknown>) =>
  testWorld().ask("POST", "/linode/instances", order(changes)).body["errors"];

describe("a create request", () => {
  it("is answered with the instance: provisioning, with its address, and its time without a zone", () => {
    const { status, body } = testWorld().ask(
      "POST",
      "/linode/instances",
      order({ metadata: { user_data: Buffer.from("#cloud-config").toString("base64") } }),
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({
      label: "bench-1",
      status: "provisioning",
      ipv4: ["127.64.7.1"],
      created: "2026-11-24T12:00:00",
      has_user_data: true,
      tags: ["maider-sweep"],
      interface_generation: "legacy_config",
      specs: { gpus: 1, vcpus: 4, memory: 16_384 },
    });
    expect(body["host_uuid"]).toMatch(/^[0-9a-f]{40}$/);
  });

  it.each<[string, Record<string, unknown>, string, string]>([
    ["no type", { type: undefined }, "type", "type is required"],
    ["an unknown type", { type: "g9" }, "type", "A valid plan type by that ID was not found"],
    ["no region", { region: undefined }, "region", "region is required"],
    ["an unknown region", { region: "mars" }, "region", "region is not valid"],
    ["an unknown image", { image: "linode/ubuntu4.10" }, "image", "image is not valid"],
    ["a short label", { label: "ab" }, "label", "Length must be 3-64 characters"],
    ["a long label", { label: "a".repeat(65) }, "label", "Length must be 3-64 characters"],
    [
      "a label that begins with a digit",
      { label: "1abc" },
      "label",
      "Label must begin with a letter",
    ],
    [
      "a weak password",
      { root_pass: "aaaaaaaa" },
      "root_pass",
      "Password does not meet strength requirement",
    ],
    ["a short password", { root_pass: "aB1!" }, "root_pass", "Length must be 7-128 characters"],
    [
      "a key of no known type",
      { authorized_keys: [KEY, "~/.ssh/id_ed25519.pub"] },
      "authorized_keys",
      "SSH Key 2 key-type must be ssh-dss, ssh-rsa, ecdsa-sha2-nistp, or ssh-ed25519.",
    ],
    [
      "a key that is cut short",
      { authorized_keys: [KEY.slice(0, 50)] },
      "authorized_keys",
      "SSH Key 1 is invalid.",
    ],
    [
      "a key under another key's type",
      { authorized_keys: [KEY.replace("ssh-ed25519", "ssh-rsa")] },
      "authorized_keys",
      "SSH Key 1 is invalid.",
    ],
    ["a short tag", { tags: ["ab"] }, "tags", "Length must be 3-50 characters"],
    ["a firewall that is none", { firewall_id: 4 }, "firewall_id", "firewall_id is not valid"],
    [
      "another generation",
      { interface_generation: "x" },
      "interface_generation",
      "Must be one of legacy_config, linode",
    ],
    [
      "user-data in clear",
      { metadata: { user_data: "#cloud" } },
      "metadata.user_data",
      "Must be base64 encoded",
    ],
  ])("refuses %s in Linode's words", (_, changes, field, reason) => {
    expect(errorsOf(changes)).toContainEqual({ reason, field });
  });

  it.each(["a--b", "a__b", "a..b", "a b", "ab-", "a/b"])("refuses the label %s", (label) => {
    expect(errorsOf({ label })).toMatchObject([{ field: "label" }]);
  });

  it("accepts 16,384 bytes of user-data, and not one more", () => {
    const metadata = (bytes: number) => ({
      metadata: { user_data: Buffer.alloc(bytes, "x").toString("base64") },
    });
    expect(errorsOf(metadata(16_384))).toBeUndefined();
    expect(errorsOf(metadata(16_385))).toMatchObject([{ field: "metadata.user_data" }]);
  });

  it("is refused with all of its problems", () => {
    expect(errorsOf({ type: "g6-fake-plan", region: "us-fakeregion" })).toHaveLength(2);
  });

  it("refuses firewall_id where the account's default generation or the named one is the newer", () => {
    const { ask } = testWorld();
    const rules = { inbound_policy: "DROP", outbound_policy: "ACCEPT", inbound: [], outbound: [] };
    const { id } = ask("POST", "/networking/firewalls", { label: "wall", rules }).body;
    for (const generation of [undefined, "linode"])
      expect(
        ask(
          "POST",
          "/linode/instances",
          order({ interface_generation: generation, firewall_id: id }),
        ).body["errors"],
      ).toMatchObject([{ field: "firewall_id" }]);
    const newer = {
      interface_generation: "linode",
      interfaces: [{ public: {}, vpc: null, vlan: null, firewall_id: id }],
    };
    expect(ask("POST", "/linode/instances", order(newer)).status).toBe(200);
  });

  it("takes a VM without a password when it has a key", () => {
    expect(errorsOf({ root_pass: undefined, authorized_keys: [KEY] })).toBeUndefined();
    expect(errorsOf({ root_pass: undefined, authorized_keys: [] })).toMatchObject([
      { field: "root_pass" },
    ]);
  });

  it("needs a label that no existing VM has", async () => {
    const { ask, pass } = testWorld();
    const { id } = ask("POST", "/linode/instances", order()).body;
    const again = () => ask("POST", "/linode/instances", order());
    expect(again()).toMatchObject({
      status: 400,
      body: { errors: [{ reason: "Label must be unique among your linodes", field: "label" }] },
    });
    ask("DELETE", `/linode/instances/${id}`);
    expect(again().status).toBe(400);
    await pass(120);
    expect(again().status).toBe(200);
  });

  it("is refused with 403 and the capacity text if the type is sold out", () => {
    const { ask, world } = testWorld();
    const reason = "The Linode plan you chose is not currently available in the selected region";
    const refused = { status: 403, body: { errors: [{ reason }] } };
    expect(ask("POST", "/linode/instances", order({ region: "us-east" }))).toMatchObject(refused);
    expect(ask("POST", "/linode/instances", order({ type: "g6-nanode-1" }))).toMatchObject(refused);
    world.addStockFaults([{ action: "no-stock", region: "us-sea" }]);
    expect(ask("POST", "/linode/instances", order())).toMatchObject(refused);
    world.clearFaults();
    expect(ask("POST", "/linode/instances", order()).status).toBe(200);
  });
});
