import { describe, expect, it } from "vitest";
import { createApiFaults } from "../../src/simulator/faults/api-faults.ts";
import { createInMemoryCloud } from "../support/in-memory-cloud.ts";
import { createJumpingClock } from "../support/jumping-clock.ts";
import { cloudContract } from "../cloud/cloud-contract.ts";
import { START_MS, testWorld, TOKEN } from "./test-world.ts";

function start() {
  const clock = createJumpingClock(START_MS);
  const { world, api } = testWorld({ now: () => clock.now() });
  const faults = createApiFaults(world.now);
  const cloud = createInMemoryCloud({ clock: () => clock, world, api, faults }, TOKEN);
  return { cloud, clock, faults, world, close: async () => undefined };
}

cloudContract("the cloud in memory,", async () => start());

describe("the cloud in memory", () => {
  const signal = new AbortController().signal;
  const wall = { label: "wall-1", sshCidrs: ["192.0.2.1/32"], tags: [] };

  it("loses answers as its fault scripts say, and has done what it was asked, at once or later", async () => {
    const { cloud, clock, faults } = start();
    faults.add([
      { match: { method: "POST" }, action: "commit-then-drop" },
      { match: { method: "POST" }, nth: 2, action: "commit-later", seconds: 60 },
    ]);
    const lost = { kind: "unreachable", sent: true };
    await expect(cloud.createFirewall(wall)).rejects.toMatchObject(lost);
    await expect(cloud.createFirewall({ ...wall, label: "wall-2" })).rejects.toMatchObject(lost);
    const labels = async () => (await cloud.listFirewalls({}, signal)).map(({ label }) => label);
    expect(await labels()).toEqual(["wall-1"]);
    await clock.sleep(60_000);
    expect(await labels()).toEqual(["wall-1", "wall-2"]);
  });

  it("takes another account's 404 for no more than the API does, and a revoked token for an error", async () => {
    const { cloud, faults, world } = start();
    const { id } = await cloud.createFirewall(wall);
    faults.add([{ match: { path: "profile" }, action: "wrong-account" }]);
    const foreign = (await cloud.account(signal)).fingerprint;
    expect((await cloud.account(signal)).fingerprint).not.toBe(foreign);
    world.tokens.put({ token: TOKEN, revoked: true });
    await expect(cloud.deleteFirewall(id)).rejects.toMatchObject({ kind: "token" });
    await expect(cloud.getVm(1, signal)).rejects.toMatchObject({ kind: "token" });
  });
});

describe("the jumping clock", () => {
  it("wakes sleepers in the order of their time, and takes none", async () => {
    const clock = createJumpingClock(0);
    const woken: string[] = [];
    const sleeper = async (name: string, ...pauses: number[]) => {
      for (const pause of pauses) {
        await clock.sleep(pause);
        woken.push(`${name} ${clock.now()}`);
      }
    };
    await Promise.all([sleeper("a", 5e9, 10), sleeper("b", 3e9, 3e9), sleeper("c", 5e9)]);
    expect(woken).toEqual([
      "b 3000000000",
      "a 5000000000",
      "c 5000000000",
      "a 5000000010",
      "b 6000000000",
    ]);
  });

  it("lets a sleeper go that is told to", async () => {
    const clock = createJumpingClock(0);
    const told = new AbortController();
    const sleeping = clock.sleep(1_000, told.signal);
    told.abort(new Error("enough"));
    await expect(sleeping).rejects.toThrow("enough");
    await expect(clock.sleep(1, told.signal)).rejects.toThrow("enough");
    expect(clock.now()).toBe(0);
  });
});
