import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkAccount } from "../../src/cloud/account-check.ts";
import type { Availability, Cloud, CloudVm, CreateVm } from "../../src/cloud/cloud.ts";
import { generateSshKey } from "../../src/machine/keys.ts";
import type { Clock } from "../../src/support/clock.ts";

export interface CloudUnderTest {
  readonly cloud: Cloud;
  readonly clock: Clock;
  close(): Promise<void>;
}

const LONGEST_CHANGE_MS = 30 * 60_000;
const POLL_MS = 5_000;

/** The contract of every implementation of the `Cloud` port. It needs an account that nothing else uses. */
export function cloudContract(name: string, makeCloud: () => Promise<CloudUnderTest>): void {
  describe(`${name} keeps the cloud's contract`, () => {
    const signal = new AbortController().signal;
    const unique = randomBytes(3).toString("hex");
    let serial = 0;
    let under: CloudUnderTest;
    let stock: readonly Availability[];
    let firewallId: number;

    const label = (): string => `con-${unique}-${String(++serial)}`;
    const gpuRow = (available: boolean): Availability => {
      const row = stock.find((row) => row.available === available && row.type.startsWith("g2-gpu"));
      if (row === undefined) throw new Error(`no pair with available: ${String(available)}`);
      return row;
    };
    const order = (change: Partial<CreateVm> = {}): CreateVm => ({
      label: label(),
      type: gpuRow(true).type,
      region: gpuRow(true).region,
      image: "linode/ubuntu24.04",
      rootPassword: `Aa1!${randomBytes(18).toString("base64url")}`,
      authorizedKeys: [generateSshKey("contract").publicLine],
      userData: "#cloud-config\n{}\n",
      firewallId,
      tags: ["maider-sweep"],
      ...change,
    });
    const eventually = async (
      vm: CloudVm,
      isSo: (now: CloudVm | undefined) => boolean,
    ): Promise<CloudVm | undefined> => {
      const giveUpAt = under.clock.now() + LONGEST_CHANGE_MS;
      for (;;) {
        const now = await under.cloud.getVm(vm.id, signal);
        if (isSo(now)) return now;
        if (under.clock.now() > giveUpAt) {
          throw new Error(`it stayed ${now?.status ?? "gone"} for too long`);
        }
        await under.clock.sleep(POLL_MS, signal);
      }
    };

    beforeAll(async () => {
      under = await makeCloud();
      stock = await under.cloud.availability(signal);
      const firewall = await under.cloud.createFirewall({
        label: label(),
        sshCidrs: ["127.0.0.1/32", "::1/128"],
        tags: [],
      });
      firewallId = firewall.id;
    });
    afterAll(async () => {
      for (const vm of await under.cloud.listVms({}, signal)) {
        if (vm.status !== "deleting") await under.cloud.deleteVm(vm.id);
      }
      await under.cloud.deleteFirewall(firewallId);
      await under.close();
    });

    it("has a price for every GPU type that is in stock", async () => {
      const prices = new Map(
        (await under.cloud.prices(signal)).map((price) => [price.id, price.hourly]),
      );
      const sold = new Set(
        stock.filter((row) => row.available && row.type.includes("-gpu-")).map((row) => row.type),
      );
      expect(sold.size).toBeGreaterThan(0);
      expect([...sold].filter((type) => (prices.get(type) ?? 0) <= 0)).toEqual([]);
    });

    it("reads all pages of the stock, with one row for each pair", () => {
      expect(stock.length).toBeGreaterThan(500);
      const pairs = new Set(stock.map((row) => `${row.region}/${row.type}`));
      expect(pairs.size).toBe(stock.length);
    });

    it("identifies the account, always the same, with the scopes that a sweep needs", async () => {
      const account = await under.cloud.account(signal);
      expect(account.username).not.toBe("");
      expect(account.fingerprint).toMatch(/^[0-9a-f]{16}$/);
      expect((await under.cloud.account(signal)).fingerprint).toBe(account.fingerprint);
      expect(() => {
        checkAccount(account);
      }).not.toThrow();
    });

    it("reports the offset of its clock", () => {
      expect(Math.abs(under.cloud.clockOffsetMs() ?? Infinity)).toBeLessThan(5 * 60_000);
    });

    it("creates a VM, lists it at once, boots it, and deletes it for good", async () => {
      const asked = order();
      const vm = await under.cloud.createVm(asked);
      expect(vm).toMatchObject({
        label: asked.label,
        type: asked.type,
        region: asked.region,
        tags: ["maider-sweep"],
      });
      expect(vm.ipv4).toMatch(/^\d+(\.\d+){3}$/);
      expect(Math.abs(vm.createdMs - under.clock.now())).toBeLessThan(5 * 60_000);
      expect((await under.cloud.listVms({ label: asked.label }, signal)).map((v) => v.id)).toEqual([
        vm.id,
      ]);
      const running = await eventually(vm, (now) => now?.status === "running");
      expect(running?.ipv4).toBe(vm.ipv4);
      await under.cloud.rebootVm(vm.id);
      await eventually(vm, (now) => now?.status === "running");
      await under.cloud.deleteVm(vm.id);
      await eventually(vm, (now) => now === undefined);
      expect(await under.cloud.listVms({ label: asked.label }, signal)).toEqual([]);
      await under.cloud.deleteVm(vm.id);
    });

    it("gives a label to one VM only, so that a repeated create makes one VM", async () => {
      const asked = order();
      const vm = await under.cloud.createVm(asked);
      await expect(under.cloud.createVm(asked)).rejects.toMatchObject({
        name: "CloudError",
        kind: "label_taken",
      });
      expect((await under.cloud.listVms({ label: asked.label }, signal)).map((v) => v.id)).toEqual([
        vm.id,
      ]);
    });

    it("finds exact matches of a label only", async () => {
      const asked = order();
      await under.cloud.createVm(asked);
      await under.cloud.createVm(order({ label: `${asked.label}0` }));
      expect(
        (await under.cloud.listVms({ label: asked.label }, signal)).map((v) => v.label),
      ).toEqual([asked.label]);
      expect(await under.cloud.listVms({ label: asked.label.slice(0, -1) }, signal)).toEqual([]);
    });

    it("answers no_capacity if a type is sold out, and creates nothing", async () => {
      const { type, region } = gpuRow(false);
      const asked = order({ type, region });
      await expect(under.cloud.createVm(asked)).rejects.toMatchObject({ kind: "no_capacity" });
      expect(await under.cloud.listVms({ label: asked.label }, signal)).toEqual([]);
    });

    it.each([
      ["a label that ends with a dash", { label: "con-bad-" }],
      ["a label with two dashes", { label: "con--bad" }],
      ["a label that begins with a digit", { label: "7con" }],
      ["a type that does not exist", { type: "g9-gpu-nothing-1" }],
      ["a region that does not exist", { region: "xx-nowhere" }],
      ["an image that does not exist", { image: "linode/nothing" }],
      ["too much user-data", { userData: "x".repeat(16_385) }],
      ["a weak password", { rootPassword: "aaaaaaaa" }],
      ["a firewall that does not exist", { firewallId: 999_999_999 }],
      ["a tag that is too short", { tags: ["x"] }],
    ])("answers validation for %s", async (_, change) => {
      const asked = order(change);
      await expect(under.cloud.createVm(asked)).rejects.toMatchObject({ kind: "validation" });
      expect(await under.cloud.listVms({ label: asked.label }, signal)).toEqual([]);
    });

    it("accepts user-data of the maximum size", async () => {
      const vm = await under.cloud.createVm(order({ userData: "#".repeat(16_384) }));
      expect(await under.cloud.getVm(vm.id, signal)).toMatchObject({ label: vm.label });
    });

    it("does not find a VM that does not exist, and deletes it without an error", async () => {
      expect(await under.cloud.getVm(1, signal)).toBeUndefined();
      await under.cloud.deleteVm(1);
      await under.cloud.deleteFirewall(1);
      await expect(under.cloud.rebootVm(1)).rejects.toMatchObject({ kind: "not_found" });
      await expect(under.cloud.bootVm(1)).rejects.toMatchObject({ kind: "not_found" });
    });

    it("lists firewalls, with unique labels, until they are deleted", async () => {
      const asked = { label: label(), sshCidrs: ["203.0.113.7/32"], tags: ["maider-sweep"] };
      const firewall = await under.cloud.createFirewall(asked);
      await expect(under.cloud.createFirewall(asked)).rejects.toMatchObject({
        kind: "label_taken",
      });
      const found = await under.cloud.listFirewalls({ label: asked.label }, signal);
      expect(found).toEqual([firewall]);
      expect((await under.cloud.listFirewalls({}, signal)).map((f) => f.id)).toContain(firewall.id);
      await under.cloud.deleteFirewall(firewall.id);
      expect(await under.cloud.listFirewalls({ label: asked.label }, signal)).toEqual([]);
      await under.cloud.deleteFirewall(firewall.id);
    });

    it.each([
      ["no range at all", []],
      ["something that is no range", ["here"]],
    ])("answers validation for a firewall with %s", async (_, sshCidrs) => {
      await expect(
        under.cloud.createFirewall({ label: label(), sshCidrs, tags: [] }),
      ).rejects.toMatchObject({ kind: "validation" });
    });

    it("replaces the ranges that a firewall admits, repeatedly", async () => {
      const asked = { label: label(), sshCidrs: ["203.0.113.7/32"], tags: [] };
      const { id } = await under.cloud.createFirewall(asked);
      await under.cloud.updateFirewall(id, ["198.51.100.7/32"]);
      await under.cloud.updateFirewall(id, ["198.51.100.7/32"]);
      await expect(under.cloud.updateFirewall(id, ["here"])).rejects.toMatchObject({
        kind: "validation",
      });
      await under.cloud.deleteFirewall(id);
      await expect(under.cloud.updateFirewall(id, asked.sshCidrs)).rejects.toMatchObject({
        kind: "not_found",
      });
    });

    it("stops reading when the signal is aborted, with its reason", async () => {
      const reason = new Error("SIGINT");
      await expect(under.cloud.listVms({}, AbortSignal.abort(reason))).rejects.toBe(reason);
    });
  });
}
