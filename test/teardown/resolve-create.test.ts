import { describe, expect, it } from "vitest";
import { CloudError } from "../../src/cloud/cloud.ts";
import { resolveCreate } from "../../src/teardown/resolve-create.ts";
import type { Action } from "./memory-cloud.ts";
import { LABEL, newRig, requestOf, type Rig } from "./teardown-rig.ts";

const never = new AbortController().signal;
const resolve = (rig: Rig, error: unknown, retry = true, signal = never) =>
  resolveCreate(
    { ...rig.ports, rental: rig.rental(), error, request: retry ? requestOf(LABEL) : undefined },
    signal,
  );
const creates = (rig: Rig) => rig.cloud.calls.filter(({ call }) => call === "createVm").length;

async function rented(...actions: readonly Action[]) {
  const rig = newRig();
  for (const [skip, action] of actions.entries())
    rig.cloud.faults.push({ on: ["createVm"], skip, action });
  const error = await rig.rent();
  return { rig, error };
}

describe("resolveCreate", () => {
  it("adopts the VM whose answer was lost, by its label", async () => {
    const { rig, error } = await rented({ do: "commit-then-drop" });
    expect(await resolve(rig, error)).toMatchObject({ outcome: "created", vm: { label: LABEL } });
    expect(rig.cloud.vms).toHaveLength(1);
    expect(creates(rig)).toBe(1);
    expect(rig.rental()).toMatchObject({ vmId: rig.cloud.vms[0]?.id, stage: "booting" });
    expect(rig.types()).toContain("create.unknown");
  });

  it("adopts the VM that shows up a minute later instead of making a second", async () => {
    const { rig, error } = await rented({ do: "commit-later", ms: 60_000 });
    expect(await resolve(rig, error)).toMatchObject({ outcome: "created" });
    expect(rig.cloud.vms).toHaveLength(1);
    expect(creates(rig)).toBe(1);
  });

  it("tries again under the same label when nothing shows up, and makes one VM", async () => {
    const { rig, error } = await rented({ do: "drop-before" });
    expect(await resolve(rig, error)).toMatchObject({ outcome: "created" });
    expect(rig.cloud.vms).toHaveLength(1);
    expect(creates(rig)).toBe(2);
    expect(rig.types().filter((type) => type === "create.sent")).toHaveLength(2);
  });

  it("makes one VM even when the first create comes to life between two looks and the second", async () => {
    for (const ms of [119_000, 121_000, 125_000, 200_000, 400_000]) {
      const { rig, error } = await rented({ do: "commit-later", ms }, { do: "drop-before" });
      expect(await resolve(rig, error)).toMatchObject({ outcome: "created" });
      await rig.clock.sleep(600_000);
      expect(rig.cloud.vms).toHaveLength(1);
    }
  });

  it("adopts when the API says that the label is taken", async () => {
    const { rig } = await rented({ do: "commit-then-drop" });
    const taken = new CloudError("label_taken", "HTTP 400: label: Label must be unique", {
      status: 400,
      sent: true,
    });
    expect(await resolve(rig, taken)).toMatchObject({ outcome: "created", vm: { label: LABEL } });
    expect(creates(rig)).toBe(1);
    expect(rig.cloud.vms).toHaveLength(1);
  });

  it("adopts when a list is so far behind that the create is sent again and its label is taken", async () => {
    const { rig, error } = await rented({ do: "commit-then-drop" });
    rig.cloud.faults.push({
      on: ["listVms"],
      count: 30,
      action: { do: "stale-list", ms: 130_000 },
    });
    expect(await resolve(rig, error)).toMatchObject({ outcome: "created", vm: { label: LABEL } });
    expect(creates(rig)).toBe(2);
    expect(rig.cloud.vms).toHaveLength(1);
  });

  it("does not adopt what is not what we asked for", async () => {
    const rig = newRig();
    await rig.reserve(LABEL, "sent");
    rig.cloud.plant(LABEL, { region: "us-sea" });
    expect(await resolve(rig, new Error("reset"), false)).toMatchObject({ outcome: "absent" });
    expect(rig.rental().vmId).toBeUndefined();
    expect(rig.alarms[0]?.kind).toBe("mismatch");
  });

  it.each(["no_capacity", "account_limit", "validation", "token", "scope"] as const)(
    "believes the API's own %s after two looks, tries nothing again, and charges nothing",
    async (kind) => {
      const { rig, error } = await rented({ do: "refuse", kind });
      const startMs = rig.clock.now();
      expect(await resolve(rig, error)).toMatchObject({ outcome: "absent", error: { kind } });
      expect(rig.clock.now() - startMs).toBeLessThan(60_000);
      expect(creates(rig)).toBe(1);
      expect(rig.types().filter((type) => type === "create.absent")).toHaveLength(2);
      expect(rig.rental()).toMatchObject({ stage: "settled", settled: { hours: 0, microUsd: 0 } });
    },
  );

  it("finds the VM behind a no that follows a yes", async () => {
    const { rig } = await rented({ do: "commit-then-drop" });
    const { error } = await rented({ do: "refuse", kind: "validation" });
    expect(await resolve(rig, error)).toMatchObject({ outcome: "created" });
  });

  it("waits as long as a rate limit asks, looks, and sends the same label again", async () => {
    const { rig, error } = await rented({ do: "refuse", kind: "rate_limit", retryAfterMs: 45_000 });
    const startMs = rig.clock.now();
    expect(await resolve(rig, error)).toMatchObject({ outcome: "created" });
    expect(rig.clock.now() - startMs).toBeGreaterThanOrEqual(45_000);
    expect(rig.clock.now() - startMs).toBeLessThan(120_000);
    expect(rig.types()).not.toContain("create.unknown");
  });

  it("sends again what certainly never left, and gives up without doubts when it never does", async () => {
    const gone = { do: "refuse", kind: "unreachable", sent: false } as const;
    const { rig, error } = await rented(gone);
    expect(await resolve(rig, error)).toMatchObject({ outcome: "created" });

    const dead = await rented();
    dead.rig.cloud.faults.push({ on: ["createVm", "listVms"], count: Infinity, action: gone });
    const failure = await dead.rig.cloud
      .createVm(requestOf("x"))
      .catch((thrown: unknown) => thrown);
    await dead.rig.append({ type: "rental.gone", label: LABEL });
    expect(await resolve(dead.rig, failure)).toMatchObject({ outcome: "absent" });
  });

  it("ends in two far looks when every create is lost", async () => {
    const rig = newRig();
    rig.cloud.faults.push({ on: ["createVm"], count: Infinity, action: { do: "drop-before" } });
    const error = await rig.rent();
    expect(await resolve(rig, error)).toMatchObject({ outcome: "absent" });
    expect(rig.rental()).toMatchObject({ stage: "settled", settled: { hours: 0 } });
  });

  it("looks on through errors, and alarms for a refused token", async () => {
    const { rig, error } = await rented({ do: "commit-then-drop" });
    rig.cloud.faults.push({
      on: ["account", "listVms"],
      count: 7,
      action: { do: "refuse", kind: "token" },
    });
    expect(await resolve(rig, error)).toMatchObject({ outcome: "created" });
    expect(rig.alarms[0]?.kind).toBe("refused");
  });

  it("stops at once when the sweep does, and leaves the rental unresolved for the destroyer", async () => {
    const { rig, error } = await rented({ do: "drop-before" });
    const stop = new AbortController();
    void rig.clock.sleep(30_000).then(() => {
      stop.abort(new Error("stopped by SIGINT"));
    });
    await expect(resolve(rig, error, true, stop.signal)).rejects.toThrow("stopped by SIGINT");
    expect(rig.rental()).toMatchObject({ stage: "unknown", settled: undefined });
    expect(creates(rig)).toBe(1);
  });
});
