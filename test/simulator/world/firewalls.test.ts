import { describe, expect, it } from "vitest";
import { admits, readFirewallRules } from "../../../src/simulator/world/firewall-rules.ts";
import { order, testWorld } from "../test-world.ts";

const rules = (...cidrs: string[]) => ({
  inbound_policy: "DROP",
  outbound_policy: "ACCEPT",
  inbound: [{ action: "ACCEPT", protocol: "TCP", ports: "22", addresses: { ipv4: cidrs } }],
  outbound: [],
});
const rule = (changes: Record<string, unknown>) => ({
  ...rules(),
  inbound: [{ ...rules("192.0.2.1/32").inbound[0], ...changes }],
});

describe("firewall rules", () => {
  it.each<[string, unknown, string]>([
    ["nothing", undefined, "rules"],
    ["no policy", { ...rules("192.0.2.1/32"), inbound_policy: undefined }, "rules.inbound_policy"],
    ["no address", rule({ addresses: {} }), "rules.inbound[0].addresses"],
    ["an impossible prefix", rules("192.0.2.1/33"), "rules.inbound[0].addresses.ipv4"],
    ["a name for an address", rules("example.com"), "rules.inbound[0].addresses.ipv4"],
    ["an address without a mask", rules("192.0.2.1"), "rules.inbound[0].addresses.ipv4"],
    [
      "an IPv6 address without a mask",
      rule({ addresses: { ipv6: ["2001:db8::1"] } }),
      "rules.inbound[0].addresses.ipv6",
    ],
    ["a port too high", rule({ ports: "65536" }), "rules.inbound[0].ports"],
    ["a range that runs back", rule({ ports: "30-20" }), "rules.inbound[0].ports"],
    [
      "16 ports",
      rule({ ports: Array.from({ length: 16 }, (_, n) => n + 1).join() }),
      "rules.inbound[0].ports",
    ],
    ["ports for ICMP", rule({ protocol: "ICMP" }), "rules.inbound[0].ports"],
    ["another action", rule({ action: "ALLOW" }), "rules.inbound[0].action"],
    ["another protocol", rule({ protocol: "QUIC" }), "rules.inbound[0].protocol"],
    [
      "256 addresses",
      rules(...Array.from({ length: 256 }, (_, n) => `10.0.0.${n}/32`)),
      "rules.inbound[0].addresses",
    ],
    [
      "26 rules",
      { ...rules(), inbound: Array.from({ length: 26 }, () => rules("10.0.0.1/32").inbound[0]) },
      "rules",
    ],
  ])("refuse %s", (_, value, field) => {
    expect(readFirewallRules(value)).toContainEqual(expect.objectContaining({ field }));
  });

  it.each([
    ["127.0.0.1", 22, true],
    ["::ffff:127.0.0.1", 22, true],
    ["127.0.0.1", 23, false],
    ["10.1.2.3", 22, true],
    ["10.2.2.3", 22, false],
    ["192.0.2.1", 22, false],
  ])("let %s reach port %i: %s", (from, port, expected) => {
    const read = readFirewallRules(rules("127.0.0.1/32", "10.1.0.0/16"));
    if (Array.isArray(read)) throw new Error("refused");
    expect(admits(read, from, port)).toBe(expected);
  });
});

describe("a firewall", () => {
  const create = (label: unknown = "mds-run-1") => {
    const made = testWorld();
    const reply = made.ask("POST", "/networking/firewalls", {
      label,
      rules: rules("192.0.2.1/32"),
      tags: ["one"],
    });
    return { ...made, reply };
  };

  it("shows its rules with version and fingerprint, and what it protects", async () => {
    const { ask, reply, world, pass } = create();
    expect(reply.body).toMatchObject({
      label: "mds-run-1",
      status: "enabled",
      entities: [],
      rules: { version: 1, inbound_policy: "DROP", fingerprint: expect.any(String) },
    });
    const { id } = reply.body;
    const vm = ask("POST", "/linode/instances", order({ firewall_id: id })).body;
    expect(ask("GET", `/networking/firewalls/${id}`).body["entities"]).toMatchObject([
      { id: vm["id"], type: "linode", label: "bench-1", parent_entity: null },
    ]);
    await pass(200);
    expect(world.vms.all()[0]?.admitsSsh("127.0.0.1")).toBe(false);
    expect(world.vms.all()[0]?.admitsSsh("192.0.2.1")).toBe(true);
    ask("PUT", `/networking/firewalls/${id}/rules`, rules("127.0.0.0/8"));
    expect(world.vms.all()[0]?.admitsSsh("127.0.0.1")).toBe(true);
  });

  it("bars the client from the moment on at which its address changes, until the rules are updated", async () => {
    const { ask, world, pass, machines } = testWorld();
    const { id } = ask("POST", "/networking/firewalls", {
      label: "mds-run-1",
      rules: rules("127.0.0.1/32"),
    }).body;
    ask("POST", "/linode/instances", order({ firewall_id: id }));
    await pass(200);
    const [vm] = world.vms.all();
    world.addAddressFaults([{ action: "address-changes", after_seconds: 60 }]);
    await pass(59);
    expect(world.clientCidr()).toBe("127.0.0.1/32");
    expect(vm?.admitsSsh("127.0.0.1")).toBe(true);
    await pass(1);
    expect(vm?.admitsSsh("127.0.0.1")).toBe(false);
    expect(machines.calls.at(-1)).toBe("drop");
    expect(world.clientCidr()).toBe("127.0.0.1/31");
    ask("PUT", `/networking/firewalls/${id}/rules`, rules("127.0.0.1/32"));
    expect(vm?.admitsSsh("127.0.0.1")).toBe(true);
    const later = ask("POST", "/networking/firewalls", {
      label: "mds-run-2",
      rules: rules("127.0.0.1/32"),
    }).body;
    expect(world.firewalls.find(later["id"])?.admits("127.0.0.1", 22)).toBe(true);
  });

  it("does not bar the client when the script is cleared first", async () => {
    const { reply, world, pass } = create();
    world.addAddressFaults([{ action: "address-changes", after_seconds: 60 }]);
    world.clearFaults();
    await pass(100);
    expect(world.firewalls.find(reply.body["id"])?.admits("192.0.2.1", 22)).toBe(true);
  });

  it("leaves its VMs open when it is deleted", () => {
    const { ask, reply, world } = create();
    const { id } = reply.body;
    ask("POST", "/linode/instances", order({ firewall_id: id }));
    expect(ask("DELETE", `/networking/firewalls/${id}`).status).toBe(200);
    expect(ask("DELETE", `/networking/firewalls/${id}`).status).toBe(404);
    expect(ask("GET", "/networking/firewalls").body["results"]).toBe(0);
    expect(world.vms.all()[0]?.admitsSsh("127.0.0.1")).toBe(true);
  });

  it.each([["ab"], ["a".repeat(33)], ["9lives"], [undefined], ["a--b"]])(
    "refuses the label %s",
    (label) => {
      const { ask } = testWorld();
      expect(
        ask("POST", "/networking/firewalls", { label, rules: rules("10.0.0.1/32") }).body["errors"],
      ).toMatchObject([{ field: "label" }]);
    },
  );

  it("has a label of its own", () => {
    const { ask } = create("twice");
    expect(
      ask("POST", "/networking/firewalls", { label: "twice", rules: rules("10.0.0.1/32") }).body,
    ).toEqual({
      errors: [{ reason: "Label must be unique among your Cloud Firewalls", field: "label" }],
    });
  });
});
