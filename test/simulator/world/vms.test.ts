import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chargedHours, makeInvoice } from "../../../src/simulator/world/invoice.ts";
import { billedHours } from "../../../src/support/money.ts";
import { order, START_MS, testWorld } from "../test-world.ts";

async function withVm(changes: Record<string, unknown> = {}) {
  const made = testWorld();
  const { id } = made.ask("POST", "/linode/instances", order(changes)).body;
  const path = `/linode/instances/${id}`;
  return { ...made, id, path, status: () => made.ask("GET", path).body["status"] };
}

describe("a VM", () => {
  it("goes from provisioning over booting to running, and its guest is up some seconds later", async () => {
    const { pass, status, machines } = await withVm();
    expect(status()).toBe("provisioning");
    await pass(75);
    expect(status()).toBe("booting");
    await pass(26);
    expect(status()).toBe("running");
    expect(machines.calls).toEqual([]);
    await pass(15);
    expect(machines.calls).toEqual(["on bench-1"]);
    expect(machines.on.get("bench-1")?.bootedMs).toBeGreaterThan(START_MS + 100_000);
  });

  it("ends at once for its guest, then in deleting, then in 404", async () => {
    const { ask, pass, status, path, machines } = await withVm();
    await pass(200);
    expect(ask("DELETE", path)).toMatchObject({ status: 200, body: {} });
    expect(status()).toBe("deleting");
    await pass(0);
    expect(machines.calls).toEqual(["on bench-1", "gone bench-1"]);
    expect(ask("DELETE", path).body).toEqual({ errors: [{ reason: "Linode busy." }] });
    await pass(30);
    expect(ask("GET", path)).toMatchObject({
      status: 404,
      body: { errors: [{ reason: "Not found" }] },
    });
    expect(ask("GET", "/linode/instances").body["results"]).toBe(0);
  });

  it("never comes up when it was deleted while booting", async () => {
    const { ask, pass, path, machines } = await withVm();
    await pass(80);
    ask("DELETE", path);
    await pass(1_000);
    expect(machines.calls).toEqual([]);
  });

  it("reboots only when it runs, and its guest comes up once more", async () => {
    const { ask, pass, path, status, machines } = await withVm();
    expect(ask("POST", `${path}/reboot`)).toMatchObject({
      status: 400,
      body: { errors: [{ reason: "Linode busy." }] },
    });
    await pass(200);
    expect(ask("POST", `${path}/reboot`).status).toBe(200);
    expect(status()).toBe("rebooting");
    await pass(200);
    expect(status()).toBe("running");
    expect(machines.calls).toEqual(["on bench-1", "reboot bench-1", "on bench-1"]);
  });

  it("leaves the old boot reachable for 16 to 28 s after a reboot was asked for", async () => {
    const { ask, pass, path, machines } = await withVm();
    await pass(200);
    ask("POST", `${path}/reboot`);
    await pass(15);
    expect(machines.calls).toEqual(["on bench-1"]);
    await pass(14);
    expect(machines.calls).toEqual(["on bench-1", "reboot bench-1"]);
  });

  it("forgets a guest that was about to come up when it is rebooted before", async () => {
    const { ask, pass, path, machines } = await withVm();
    await pass(101);
    expect(ask("POST", `${path}/reboot`).status).toBe(200);
    await pass(300);
    expect(machines.calls).toEqual(["on bench-1"]);
  });

  it("stays off when it was not to be booted, until it is", async () => {
    const { ask, pass, path, status } = await withVm({ booted: false });
    await pass(200);
    expect(status()).toBe("offline");
    expect(ask("POST", `${path}/boot`).status).toBe(200);
    await pass(200);
    expect(status()).toBe("running");
  });

  it("stays in booting with the fault boot-hangs, and is billed", async () => {
    const { world, ask, pass } = testWorld();
    world.addMachineFaults([{ vm: { type: "g2-gpu-rtx4000a1-s", nth: 2 }, action: "boot-hangs" }]);
    for (const label of ["one", "two"]) ask("POST", "/linode/instances", order({ label }));
    await pass(7_300);
    expect(world.vms.all().map((vm) => vm.status)).toEqual(["running", "booting"]);
    expect(makeInvoice(world.vms.all(), world.now()).lines.map((line) => line.hours)).toEqual([
      3, 3,
    ]);
  });

  it("hands each VM the faults of its type and turn", async () => {
    const { world, ask, pass, machines } = testWorld();
    const stalls = { vm: { model: "m", nth: 1 }, action: "stalls" } as const;
    const dies = { vm: { type: "g2-gpu-rtx4000a1-s" }, action: "server-dies" } as const;
    world.addMachineFaults([stalls, dies]);
    ask("POST", "/linode/instances", order({ label: "one" }));
    ask("POST", "/linode/instances", order({ label: "two" }));
    ask("POST", "/linode/instances", order({ label: "three", type: "g2-gpu-rtx4000a1-m" }));
    await pass(200);
    expect(Object.fromEntries(machines.faults)).toEqual({
      one: [stalls, dies],
      two: [dies],
      three: [],
    });
  });

  it("cannot be more at once than there are addresses, and addresses come back", async () => {
    const { world, ask, pass } = testWorld();
    for (let index = 0; index < 253; index += 1)
      world.vms.create("simulated", order({ label: `vm-${index}` }));
    expect(() => world.vms.create("simulated", order({ label: "more" }))).toThrow(
      "You've reached a limit for the number of active services on your account",
    );
    expect(new Set(world.vms.all().map((vm) => vm.ipv4)).size).toBe(253);
    ask("DELETE", `/linode/instances/${world.vms.all()[4]?.id}`);
    await pass(60);
    expect(world.vms.create("simulated", order({ label: "more" })).ipv4).toBe(
      world.vms.all()[4]?.ipv4,
    );
  });

  it("is the same in two worlds with one seed", async () => {
    const moments = async (seed: number) => {
      const { world, ask } = testWorld({ seed });
      ask("POST", "/linode/instances", order());
      return world.nextDueMs();
    };
    expect(await moments(5)).toBe(await moments(5));
    expect(await moments(5)).not.toBe(await moments(6));
  });
});

describe("the invoice", () => {
  it("rounds each VM up to whole hours from its create to its delete", async () => {
    const { world, ask, pass, path } = await withVm();
    await pass(3_601);
    ask("DELETE", path);
    await pass(90_000);
    expect(makeInvoice(world.vms.all(), world.now())).toEqual({
      usd: 1.04,
      live: 0,
      lines: [
        { label: "bench-1", type: "g2-gpu-rtx4000a1-s", hours: 2, price_per_hour: 0.52, usd: 1.04 },
      ],
    });
  });

  it("uses the price at the time of a VM's creation", async () => {
    const { world, ask } = await withVm();
    world.prices.setHourly("g2-gpu-rtx4000a1-s", 700_000);
    ask("POST", "/linode/instances", order({ label: "dearer" }));
    expect(makeInvoice(world.vms.all(), world.now()).lines.map((line) => line.usd)).toEqual([
      0.52, 0.7,
    ]);
    expect(ask("GET", "/linode/types/g2-gpu-rtx4000a1-s").body["price"]).toEqual({
      hourly: 0.7,
      monthly: null,
    });
  });

  it("charges the same as the ledger's rule, although it is computed independently", () => {
    fc.assert(
      fc.property(fc.nat(400_000_000), (usedMs) => {
        const vm = { createdMs: START_MS, deletedMs: START_MS + usedMs };
        expect(chargedHours(vm, 0)).toBe(billedHours(START_MS, START_MS + usedMs));
      }),
    );
  });

  it("is the account's uninvoiced balance", async () => {
    const { ask } = await withVm();
    expect(ask("GET", "/account").body["balance_uninvoiced"]).toBe(0.52);
  });
});
