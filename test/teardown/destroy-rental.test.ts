import { describe, expect, it } from "vitest";
import type { Journal } from "../../src/journal/events.ts";
import { FencedError, JournalError } from "../../src/journal/journal-errors.ts";
import { destroyRental } from "../../src/teardown/destroy-rental.ts";
import { withPatience } from "../../src/teardown/patience.ts";
import { HOUR, START } from "../journal/journal-rig.ts";
import type { Fault } from "./memory-cloud.ts";
import { LABEL, newRig, requestOf, type Rig } from "./teardown-rig.ts";

const MINUTE = 60_000;
const destroy = (rig: Rig, patienceMs?: number) =>
  withPatience(rig.clock, patienceMs, (patience) =>
    destroyRental({ ...rig.ports, rental: rig.rental(), reason: "done", patience }),
  );
const deletes = (rig: Rig) => rig.cloud.calls.filter(({ call }) => call === "deleteVm");

describe("destroyRental", () => {
  it("journals first, sends the DELETE at once, and believes two looks that are 20 s apart", async () => {
    const rig = newRig({ deleteMs: 0 });
    await rig.rent();
    const startMs = rig.clock.now();
    expect(await destroy(rig)).toBe("gone");
    expect(deletes(rig)).toEqual([
      { call: "deleteVm", atMs: startMs, target: rig.cloud.vms[0]?.id },
    ]);
    expect(rig.types().slice(-5)).toEqual([
      "destroy.intended",
      "destroy.sent",
      "destroy.unseen",
      "rental.gone",
      "rental.settled",
    ]);
    const at = new Map(rig.journal.events().map(({ type, ts }) => [type, Date.parse(ts)]));
    expect((at.get("rental.gone") ?? 0) - (at.get("destroy.unseen") ?? 0)).toBeGreaterThanOrEqual(
      20_000,
    );
    expect(rig.rental()).toMatchObject({
      stage: "settled",
      settled: { hours: 1, microUsd: 520_000 },
    });
    expect(rig.rental().settled?.microUsd).toBe(rig.cloud.invoice());
  });

  it("waits while the VM is still being deleted", async () => {
    const rig = newRig({ deleteMs: 4 * MINUTE });
    await rig.rent();
    expect(await destroy(rig)).toBe("gone");
    expect(rig.rental().goneMs).toBeGreaterThan(rig.cloud.vms[0]?.deletedMs ?? Infinity);
  });

  const outages: readonly (readonly [string, readonly Fault[]])[] = [
    [
      "500 failed DELETEs",
      [{ on: ["deleteVm"], count: 500, action: { do: "refuse", kind: "transient" } }],
    ],
    [
      "DELETEs whose answers are lost",
      [{ on: ["deleteVm"], count: 6, action: { do: "commit-then-drop" } }],
    ],
    ["a busy VM", [{ on: ["deleteVm"], count: 9, action: { do: "refuse", kind: "busy" } }]],
    [
      "maintenance of an hour",
      [
        {
          on: ["deleteVm", "getVm", "listVms", "account"],
          count: 90,
          action: { do: "refuse", kind: "maintenance" },
        },
      ],
    ],
    [
      "no network",
      [
        {
          on: ["deleteVm", "getVm", "listVms", "account"],
          count: 90,
          action: { do: "refuse", kind: "unreachable", sent: false },
        },
      ],
    ],
    [
      "a list that is behind",
      [{ on: ["listVms"], count: 5, action: { do: "stale-list", ms: 10 * MINUTE } }],
    ],
    [
      "a token that is refused for a while",
      [
        {
          on: ["deleteVm", "getVm", "listVms", "account"],
          count: 40,
          action: { do: "refuse", kind: "token" },
        },
      ],
    ],
    [
      "another account's token for a while",
      [
        {
          on: ["deleteVm", "getVm", "listVms", "account"],
          count: 40,
          action: { do: "wrong-account" },
        },
      ],
    ],
    [
      "errors at the second look",
      [{ on: ["getVm"], skip: 1, count: 3, action: { do: "refuse", kind: "transient" } }],
    ],
  ];
  it.each(outages)("confirms that it is deleted through %s", async (_name, faults) => {
    const rig = newRig();
    await rig.rent();
    rig.cloud.faults.push(...faults);
    expect(await destroy(rig)).toBe("gone");
    expect(rig.cloud.living()).toEqual([]);
    expect(rig.rental().goneMs).toBeGreaterThan(rig.cloud.vms[0]?.deletedMs ?? Infinity);
    expect(rig.rental().settled?.microUsd).toBeGreaterThanOrEqual(rig.cloud.invoice());
  });

  it.each([
    "transient",
    "unreachable",
    "maintenance",
    "rate_limit",
    "busy",
    "token",
    "scope",
    "not_found",
  ] as const)("never takes a look that fails with %s for gone", async (kind) => {
    const rig = newRig();
    await rig.rent();
    rig.cloud.faults.push({
      on: ["getVm", "listVms"],
      count: Infinity,
      action: { do: "refuse", kind },
    });
    expect(await destroy(rig, 30 * MINUTE)).toBe("unconfirmed");
    expect(rig.rental().stage).toBe("destroying");
  });

  it("never takes a 404 for gone while the list shows the VM", async () => {
    const rig = newRig();
    await rig.rent();
    rig.cloud.faults.push(
      { on: ["deleteVm"], count: Infinity, action: { do: "drop-before" } },
      { on: ["getVm"], count: Infinity, action: { do: "wrong-account" } },
    );
    expect(await destroy(rig, 30 * MINUTE)).toBe("unconfirmed");
  });

  it("sees another account's silence for what it is, and says so", async () => {
    const rig = newRig();
    await rig.rent();
    const everything = ["deleteVm", "getVm", "listVms", "account"] as const;
    rig.cloud.faults.push({ on: everything, count: Infinity, action: { do: "wrong-account" } });
    expect(await destroy(rig, 30 * MINUTE)).toBe("unconfirmed");
    expect(rig.alarms).toContainEqual(
      expect.objectContaining({ kind: "wrong_account", label: LABEL }),
    );
    expect(rig.cloud.living()).toHaveLength(1);
  });

  it("raises an alarm for a refused token and goes on slowly", async () => {
    const rig = newRig();
    await rig.rent();
    rig.cloud.faults.push({
      on: ["deleteVm"],
      count: Infinity,
      action: { do: "refuse", kind: "scope" },
    });
    expect(await destroy(rig, 30 * MINUTE)).toBe("unconfirmed");
    expect(rig.alarms[0]).toMatchObject({ kind: "refused", label: LABEL });
    expect(deletes(rig).length).toBeGreaterThan(10);
    expect(deletes(rig).length).toBeLessThanOrEqual(31);
  });

  it("accepts that somebody else ended it where the token may only read", async () => {
    const rig = newRig();
    await rig.rent();
    rig.cloud.faults.push({
      on: ["deleteVm"],
      count: Infinity,
      action: { do: "refuse", kind: "scope" },
    });
    const [vm] = rig.cloud.vms;
    if (vm !== undefined) vm.deletedMs = START + 5 * MINUTE;
    expect(await destroy(rig)).toBe("gone");
  });

  it("waits as long as the API asks", async () => {
    const rig = newRig();
    await rig.rent();
    rig.cloud.faults.push({
      on: ["deleteVm"],
      action: { do: "refuse", kind: "rate_limit", retryAfterMs: 90_000 },
    });
    await destroy(rig);
    const [first, second] = deletes(rig);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(90_000);
  });

  it("gives up waiting, not destroying, when patience ends in a hanging DELETE", async () => {
    const rig = newRig({ latencyMs: 2 * HOUR });
    await rig.reserve(LABEL, "sent");
    const vm = rig.cloud.plant(LABEL);
    await rig.append({ type: "create.acknowledged", label: LABEL, vm_id: vm.id, ipv4: "" });
    const startMs = rig.clock.now();
    expect(await destroy(rig, 10 * MINUTE)).toBe("unconfirmed");
    expect(rig.clock.now() - startMs).toBe(10 * MINUTE);
  });

  it("finds a VM whose create was never answered, also when it shows up late", async () => {
    for (const ms of [0, 60_000, 300_000, 500_000]) {
      const rig = newRig();
      rig.cloud.faults.push({ on: ["createVm"], action: { do: "commit-later", ms } });
      await rig.rent();
      expect(await destroy(rig)).toBe("gone");
      expect(rig.cloud.vms).toHaveLength(1);
      expect(rig.cloud.living()).toEqual([]);
      const lag = (deletes(rig)[0]?.atMs ?? Infinity) - (rig.cloud.vms[0]?.createdMs ?? 0);
      expect(lag).toBeLessThan(10_000);
      expect(rig.rental().settled?.microUsd).toBeGreaterThanOrEqual(rig.cloud.invoice());
    }
  });

  it("believes only two looks, minutes apart, that a create made nothing, and then charges nothing", async () => {
    const rig = newRig();
    rig.cloud.faults.push({ on: ["createVm"], action: { do: "drop-before" } });
    await rig.rent();
    expect(await destroy(rig)).toBe("gone");
    const looks = rig.journal.events().filter(({ type }) => type === "create.absent");
    expect(looks).toHaveLength(2);
    expect(Date.parse(looks[1]?.ts ?? "") - Date.parse(looks[0]?.ts ?? "")).toBeGreaterThanOrEqual(
      5 * MINUTE,
    );
    expect(rig.rental().settled).toEqual({ hours: 0, microUsd: 0 });
    expect(deletes(rig)).toEqual([]);
  });

  it("closes at once what was reserved and never sent", async () => {
    const rig = newRig();
    await rig.reserve(LABEL);
    expect(await destroy(rig)).toBe("gone");
    expect(rig.cloud.calls).toEqual([]);
    expect(rig.rental()).toMatchObject({ stage: "settled", settled: { hours: 0 } });
  });

  it("leaves a VM alone that has our label but is not what we asked for", async () => {
    const rig = newRig();
    await rig.reserve(LABEL, "sent");
    rig.cloud.plant(LABEL, { type: "g6-standard-1" });
    expect(await destroy(rig)).toBe("gone");
    expect(rig.cloud.living()).toHaveLength(1);
    expect(deletes(rig)).toEqual([]);
    expect(rig.alarms[0]).toMatchObject({ kind: "mismatch" });
  });

  describe("sends nothing more once another process is the owner", () => {
    async function fencedAfter(ms: number, fault?: Fault) {
      let newest = 1;
      const ownership = {
        gen: 1,
        assertCurrent: () => {
          if (newest > 1) throw new FencedError(1, newest);
        },
      };
      const rig = newRig({ ownership });
      const unknown = fault?.on.includes("listVms") === true;
      if (unknown) await rig.reserve(LABEL, "sent");
      else await rig.rent();
      if (fault !== undefined) rig.cloud.faults.push(fault);
      const fencedMs = rig.clock.now() + ms;
      const fence = (): void => {
        newest = 2;
      };
      if (ms === 0) fence();
      else void rig.clock.sleep(ms).then(fence);
      const outcome = destroy(rig, 60 * MINUTE);
      await expect(outcome).rejects.toThrow(FencedError);
      return rig.cloud.calls.filter(({ atMs }) => atMs >= fencedMs).map(({ call }) => call);
    }

    it("before the first DELETE", async () => {
      expect(await fencedAfter(0)).toEqual([]);
    });

    it("while it waits to send the next one", async () => {
      const refused = { do: "refuse", kind: "maintenance", retryAfterMs: 60_000 } as const;
      expect(
        await fencedAfter(30_000, { on: ["deleteVm"], count: Infinity, action: refused }),
      ).toEqual([]);
    });

    it("while it looks in vain, and then looks no more", async () => {
      const refused = { do: "refuse", kind: "token" } as const;
      const after = await fencedAfter(30_000, {
        on: ["account", "listVms"],
        count: Infinity,
        action: refused,
      });
      expect(after.length).toBeLessThanOrEqual(2);
    });
  });

  it("destroys though the disk takes nothing, and says what is not recorded", async () => {
    const rig = newRig();
    await rig.rent();
    const full = {
      ...rig.journal,
      append: () =>
        Promise.reject(new JournalError("journal.jsonl", "ENOSPC: no space left on device")),
    };
    expect(
      await destroyRental({ ...rig.ports, journal: full, rental: rig.rental(), reason: "x" }),
    ).toBe("gone");
    expect(rig.cloud.living()).toEqual([]);
    expect(rig.alarms.map(({ kind }) => kind)).toContain("not_recorded");
  });

  it.each([
    ["takes facts again before the proof, bills what it did not take at once", 3, 1],
    ["takes facts again only after the proof, leaves the books open", 99, undefined],
  ])("where the disk %s", async (_, refusals, hours) => {
    const rig = newRig();
    await rig.reserve(LABEL, "sent");
    await rig.cloud.createVm(requestOf(LABEL));
    let left = refusals;
    const append: Journal["append"] = (fact) =>
      left-- > 0
        ? Promise.reject(new JournalError("journal.jsonl", "ENOSPC: no space left on device"))
        : rig.journal.append(fact);
    const journal = { ...rig.journal, append };
    const order = { ...rig.ports, journal, rental: rig.rental(), reason: "x" };
    expect(await destroyRental(order)).toBe("gone");
    expect(rig.cloud.living()).toEqual([]);
    expect(rig.rental().settled?.hours).toBe(hours);
  });
});
