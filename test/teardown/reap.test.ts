import { describe, expect, it } from "vitest";
import { makeFirewallLabel, makeVmLabel } from "../../src/journal/label.ts";
import { reap, type Reap } from "../../src/teardown/reap.ts";
import { HOUR, START } from "../journal/journal-rig.ts";
import { memoryCloud } from "./memory-cloud.ts";
import { virtualClock } from "./virtual-clock.ts";

const never = new AbortController().signal;
const MINUTE = 60_000;
const label = (run: string, seq: number, expiresMs: number): string =>
  makeVmLabel({ run, seq, nonce: "abcd", expiresMs });

function setUp(options: Parameters<typeof memoryCloud>[1] = {}) {
  const clock = virtualClock(START);
  const cloud = memoryCloud(clock, options);
  const run = (more: Partial<Reap> = {}) => reap({ cloud, clock, ...more }, never);
  const living = (): readonly string[] => cloud.living().map((vm) => vm.label);
  return { clock, cloud, run, living };
}

describe("reap", () => {
  it("finds exactly the expired ones of ours among 250 VMs full of look-alikes", async () => {
    const { cloud, run, living } = setUp();
    const expired = Array.from({ length: 12 }, (_, i) =>
      label("deadrun0", i, START - HOUR - i * MINUTE),
    );
    const alive = Array.from({ length: 8 }, (_, i) => label("liverun0", i, START + HOUR));
    const inGrace = [label("liverun0", 20, START - 5 * MINUTE)];
    const base = label("deadrun0", 99, START - HOUR);
    const alike = [
      `${base}-x`,
      `a${base}`,
      base.toUpperCase(),
      base.replace("mds-", "mdx-"),
      base.replace("-x", "-y"),
      base.replace("-099-", "-99-"),
      "mds-deadrun0-001",
      "maider-sweep",
    ];
    const foreign = Array.from(
      { length: 250 - 12 - 8 - 1 - alike.length },
      (_, i) => `web-${String(i)}`,
    );
    const all = [
      ...foreign.slice(0, 150),
      ...alive,
      ...inGrace,
      ...alike,
      ...foreign.slice(150),
      ...expired,
    ];
    for (const name of all) cloud.plant(name, { tags: ["maider-sweep", "mds-run-deadrun0"] });
    const reaped = await run();
    expect(reaped.destroyed.toSorted()).toEqual(expired.toSorted());
    expect(reaped).toMatchObject({
      alive: [...alive, ...inGrace],
      foreign: 229,
      failed: [],
      left: [],
      spared: [],
    });
    expect(living()).toEqual(all.filter((name) => !expired.includes(name)));
  });

  it("touches nothing in a dry run, and tells the same labels", async () => {
    const { cloud, run, living } = setUp();
    const dead = label("deadrun0", 1, START - HOUR);
    cloud.plant(dead);
    cloud.plantFirewall(makeFirewallLabel({ run: "deadrun0", expiresMs: START + HOUR }));
    const reaped = await run({ dryRun: true });
    expect(reaped).toMatchObject({
      expired: [dead],
      destroyed: [],
      firewalls: [expect.stringMatching(/^mds-deadrun0-x/)],
    });
    expect(living()).toEqual([dead]);
    expect(cloud.calls.some(({ call }) => call.startsWith("delete"))).toBe(false);
  });

  it("takes the oldest first and no more than a pass may", async () => {
    const { cloud, run } = setUp();
    const labels = Array.from({ length: 5 }, (_, i) =>
      label("deadrun0", i, START - (1 + i) * HOUR),
    );
    for (const name of labels) cloud.plant(name);
    const first = await run({ most: 2 });
    expect(new Set(first.destroyed)).toEqual(new Set([labels[4], labels[3]]));
    expect(first.left).toEqual([labels[2], labels[1], labels[0]]);
    expect((await run({ most: 9 })).destroyed).toHaveLength(3);
  });

  it("goes by the API's clock when its own is wrong", async () => {
    const ahead = setUp({ offsetMs: -24 * HOUR });
    ahead.cloud.plant(label("liverun0", 1, START - HOUR));
    expect((await ahead.run()).expired).toEqual([]);
    const behind = setUp({ offsetMs: 24 * HOUR });
    behind.cloud.plant(label("deadrun0", 1, START + HOUR));
    expect((await behind.run()).destroyed).toHaveLength(1);
  });

  it("looks afresh just before each delete: what is gone or renamed is left alone", async () => {
    const { clock, cloud, run, living } = setUp();
    const kept = cloud.plant(label("deadrun0", 1, START - HOUR));
    const gone = cloud.plant(label("deadrun0", 2, START - HOUR));
    void clock.sleep(3_000).then(() => {
      Object.assign(kept, { label: "mine-now" });
      gone.deletedMs = clock.now();
    });
    const reaped = await run();
    expect(reaped.spared).toHaveLength(2);
    expect(reaped.destroyed).toEqual([]);
    expect(living()).toEqual(["mine-now"]);
  });

  it("does not let one that fails stop the others, and says why it failed", async () => {
    const { cloud, run } = setUp();
    const labels = [1, 2, 3].map((seq) => label("deadrun0", seq, START - HOUR * seq));
    const vms = labels.map((name) => cloud.plant(name));
    const stubborn = {
      ...cloud,
      deleteVm: (id: number) =>
        id === vms[1]?.id ? Promise.reject(new Error("locked")) : cloud.deleteVm(id),
    };
    const reaped = await run({ cloud: stubborn });
    expect(new Set(reaped.destroyed)).toEqual(new Set([labels[0], labels[2]]));
    expect(reaped.failed).toEqual([{ label: labels[1], reason: "locked" }]);
  });

  it("claims nothing destroyed that it could not see gone", async () => {
    const { cloud, run } = setUp({ deleteMs: 60 * MINUTE });
    cloud.plant(label("deadrun0", 1, START - HOUR));
    const reaped = await run();
    expect(reaped).toMatchObject({
      destroyed: [],
      failed: [{ reason: "it still exists after its DELETE" }],
    });
  });

  it("sends a DELETE again whose first was lost", async () => {
    const { cloud, run } = setUp();
    cloud.faults.push({ on: ["deleteVm"], count: 2, action: { do: "drop-before" } });
    cloud.plant(label("deadrun0", 1, START - HOUR));
    expect((await run()).destroyed).toHaveLength(1);
  });

  it("removes our firewalls whose run is over, and no other", async () => {
    const { cloud, run } = setUp();
    const over = makeFirewallLabel({ run: "overrun0", expiresMs: START - HOUR });
    const reapedRun = makeFirewallLabel({ run: "deadrun0", expiresMs: START + HOUR });
    const young = makeFirewallLabel({ run: "newrun00", expiresMs: START + HOUR });
    const inUse = makeFirewallLabel({ run: "liverun0", expiresMs: START - HOUR });
    for (const name of [over, reapedRun, young, inUse, "default", `${over}-x`])
      cloud.plantFirewall(name);
    cloud.plant(label("deadrun0", 1, START - HOUR));
    cloud.plant(label("liverun0", 1, START + HOUR));
    expect((await run()).firewalls.toSorted()).toEqual([over, reapedRun].toSorted());
    const left = cloud.firewalls
      .filter(({ deletedMs }) => deletedMs === undefined)
      .map(({ label: name }) => name);
    expect(left).toEqual([young, inUse, "default", `${over}-x`]);
  });

  it("stops when it is told to", async () => {
    const { cloud, clock } = setUp();
    cloud.plant(label("deadrun0", 1, START - HOUR));
    const stop = new AbortController();
    void clock.sleep(5_000).then(() => {
      stop.abort(new Error("SIGINT"));
    });
    await expect(reap({ cloud, clock }, stop.signal)).rejects.toThrow("SIGINT");
    expect(cloud.living()).toHaveLength(1);
  });
});
