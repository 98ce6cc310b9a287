import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CloudError } from "../../src/cloud/cloud.ts";
import type { Fact } from "../../src/journal/events.ts";
import { foldRun } from "../../src/run-state/fold-run.ts";
import { openJournal, readJournal } from "../../src/journal/journal-file.ts";
import { readOwner } from "../../src/lock/generation-files.ts";
import { currentOwner, takeOwnership, type HeldOwnership } from "../../src/lock/owner-lock.ts";
import { openStateFolder, runFolder } from "../../src/journal/state-folder.ts";
import { guardLoop, type GuardLoop } from "../../src/guard/guard-loop.ts";
import { HOUR, newStateDir, opened, reserved, START, vmLabel } from "../journal/journal-rig.ts";
import { memoryCloud, type MemoryCloud } from "../teardown/memory-cloud.ts";
import { LABEL, RUN } from "../teardown/teardown-rig.ts";
import { virtualClock } from "../teardown/virtual-clock.ts";

const MINUTE = 60_000;

/** A sweep with one VM that has been running for so long, and then died. */
async function deadSweep(ageMs = 10 * MINUTE) {
  const stateDir = newStateDir();
  openStateFolder(stateDir);
  const folder = runFolder(stateDir, RUN);
  const clock = virtualClock(START);
  const cloud = memoryCloud(clock);
  const parent = await takeOwnership(stateDir, { run: RUN, role: "sweep", since: "" });
  const append = async (...facts: readonly Fact[]): Promise<void> => {
    const journal = await openJournal({ folder, run: RUN, ownership: parent, clock });
    for (const fact of facts) await journal.append(fact);
    await journal.close();
  };
  await append(opened, reserved(LABEL), { type: "create.sent", label: LABEL });
  const vm = cloud.plant(LABEL);
  await append({ type: "create.acknowledged", label: LABEL, vm_id: vm.id, ipv4: "" });
  clock.jump(ageMs);
  const logged: string[] = [];
  const guard = (more: Partial<GuardLoop> = {}) =>
    guardLoop({
      stateDir,
      run: RUN,
      pid: process.pid,
      replaces: parent.gen,
      holdMs: 0,
      cloud,
      clock,
      log: (text) => logged.push(text),
      ...more,
    });
  const state = () => foldRun(readJournal(folder).events);
  return { stateDir, folder, clock, cloud, parent, append, vm, guard, logged, state };
}

/** Minutes after the start at which a VM's DELETE was first sent; disk writes take no virtual time, calls a second. */
function destroyedAt({ cloud }: { readonly cloud: MemoryCloud }, id?: number): number {
  const sent = cloud.calls.find(
    ({ call, target }) => call === "deleteVm" && target === (id ?? target),
  );
  return Math.floor(((sent?.atMs ?? 0) - START) / MINUTE);
}

function claim(stateDir: string, run: string, replaces: HeldOwnership): Promise<HeldOwnership> {
  return takeOwnership(stateDir, { run, role: "recover", since: "", replaces: replaces.gen });
}

describe("guardLoop", () => {
  it("takes over from its parent, whose process may still show, destroys at once, and closes the run", async () => {
    const sweep = await deadSweep();
    await sweep.guard();
    expect(sweep.cloud.living()).toEqual([]);
    expect(destroyedAt(sweep)).toBe(10);
    expect(sweep.state()).toMatchObject({ closed: { state: "crashed" }, pid: process.pid });
    expect(sweep.state().rentals.get(LABEL)?.settled).toEqual({ hours: 1, microUsd: 520_000 });
    expect(() => sweep.parent.assertCurrent()).toThrow("taken over");
    expect(currentOwner(sweep.stateDir)).toBeUndefined();
  });

  it("does nothing where the run is closed and settled", async () => {
    const sweep = await deadSweep();
    await sweep.guard();
    const before = sweep.cloud.calls.length;
    const owner = readOwner(sweep.stateDir);
    await sweep.guard();
    expect(sweep.cloud.calls).toHaveLength(before);
    expect(readOwner(sweep.stateDir)).toEqual(owner);
  });

  it.each([
    ["the hold time", 20, 10, 30],
    ["the end of the paid hour", 180, 10, 58],
    ["the end of the second paid hour", 180, 70, 118],
    ["the deadline", 180, 121, 121],
  ])("waits for a resume until %s", async (_what, holdMinutes, ageMinutes, expected) => {
    const sweep = await deadSweep(ageMinutes * MINUTE);
    await sweep.guard({ holdMs: holdMinutes * MINUTE });
    expect(destroyedAt(sweep)).toBe(expected);
    expect(sweep.state().closed).toBeDefined();
  });

  it.each<[string, Fact]>([
    ["the run was asked to stop", { type: "run.stopping", reason: "stopped by SIGINT" }],
    ["it was being destroyed", { type: "destroy.intended", label: LABEL, reason: "measured" }],
  ])("does not hold a VM for a resume when %s", async (_what, fact) => {
    const sweep = await deadSweep();
    await sweep.append(fact);
    await sweep.guard({ holdMs: 20 * MINUTE });
    expect(destroyedAt(sweep)).toBe(10);
  });

  it("holds no lock while it waits for a resume", async () => {
    const sweep = await deadSweep();
    let seen: unknown;
    void sweep.clock.sleep(10 * MINUTE).then(() => {
      seen = [readOwner(sweep.stateDir)?.gen, sweep.cloud.living().length];
    });
    await sweep.guard({ holdMs: 20 * MINUTE });
    expect(seen).toEqual([sweep.parent.gen, 1]);
  });

  it("leaves the VM to a resume that has come, and destroys it after all when that dies too", async () => {
    const sweep = await deadSweep();
    const resume = await claim(sweep.stateDir, RUN, sweep.parent);
    void sweep.clock.sleep(15 * MINUTE).then(() => resume.release());
    await sweep.guard();
    expect(destroyedAt(sweep)).toBeGreaterThanOrEqual(25);
    expect(sweep.cloud.living()).toEqual([]);
  });

  it("goes when somebody else has closed the run", async () => {
    const sweep = await deadSweep();
    const recovery = await claim(sweep.stateDir, RUN, sweep.parent);
    const journal = await openJournal({
      folder: sweep.folder,
      run: RUN,
      ownership: recovery,
      clock: sweep.clock,
    });
    void sweep.clock.sleep(10 * MINUTE).then(async () => {
      sweep.vm.deletedMs = sweep.clock.now();
      await journal.append({ type: "rental.gone", label: LABEL });
      await journal.append({
        type: "rental.settled",
        label: LABEL,
        hours: 1,
        micro_usd: 1,
        usd: 0,
      });
      await journal.append({ type: "run.closed", exit_code: 5, state: "crashed" });
    });
    await sweep.guard();
    expect(sweep.cloud.calls).toEqual([]);
    await journal.close();
  });

  it("gives way when it is fenced in the middle, and comes back when its successor dies", async () => {
    const sweep = await deadSweep();
    sweep.cloud.faults.push({
      on: ["deleteVm"],
      count: 20,
      action: { do: "refuse", kind: "token" },
    });
    const deletes = (): number =>
      sweep.cloud.calls.filter(({ call }) => call === "deleteVm").length;
    const successor = sweep.clock.sleep(5 * MINUTE).then(async () => {
      const owner = readOwner(sweep.stateDir);
      if (owner === undefined) throw new Error("no owner");
      const recovery = await takeOwnership(sweep.stateDir, {
        run: RUN,
        role: "recover",
        since: "",
        replaces: owner.gen,
      });
      const before = deletes();
      await sweep.clock.sleep(5 * MINUTE);
      const during = deletes() - before;
      await recovery.release();
      return { before, during };
    });
    await sweep.guard();
    const { before, during } = await successor;
    expect(before).toBeGreaterThan(1);
    expect(during).toBe(0);
    expect(deletes()).toBeGreaterThan(before);
    expect(sweep.cloud.living()).toEqual([]);
    expect(sweep.logged.some((line) => line.startsWith("waiting: "))).toBe(true);
  });

  it("spares what is held for a user until its expiry, then destroys it", async () => {
    const sweep = await deadSweep();
    await sweep.append({
      type: "rental.held",
      label: LABEL,
      reason: "up",
      until: new Date(START + 2 * HOUR).toISOString(),
    });
    await sweep.guard();
    expect(destroyedAt(sweep)).toBe(120);
    expect(sweep.state().closed).toMatchObject({ state: "finished" });
  });

  it("destroys one VM whose time has come and goes on holding another", async () => {
    const sweep = await deadSweep();
    const second = vmLabel(2);
    await sweep.append(reserved(second), { type: "create.sent", label: second });
    const vm = sweep.cloud.plant(second);
    await sweep.append({ type: "create.acknowledged", label: second, vm_id: vm.id, ipv4: "" });
    await sweep.guard({ holdMs: 55 * MINUTE });
    expect(destroyedAt(sweep, sweep.vm.id)).toBe(58);
    expect(destroyedAt(sweep, vm.id)).toBe(65);
    expect(sweep.state().closed).toBeDefined();
  });

  it.each([
    ["in the middle of a read that is tried again for minutes", 0],
    ["while it waits for a resume", 40 * MINUTE],
  ])("closes the books within seconds of its world's end, %s", async (_when, holdMs) => {
    const sweep = await deadSweep();
    const endsMs = sweep.clock.now() + 20_000;
    const hang = async (_what: unknown, signal?: AbortSignal): Promise<never> => {
      await sweep.clock.sleep(5 * MINUTE, signal);
      throw new CloudError("unreachable", "connect ECONNREFUSED", { sent: false });
    };
    const account = (signal?: AbortSignal): Promise<never> => hang("account", signal);
    const reads = { account, getVm: hang, listVms: hang, listFirewalls: hang };
    await sweep.guard({
      cloud: { ...sweep.cloud, ...reads, deleteVm: hang },
      holdMs,
      worldGone: () => Promise.resolve(sweep.clock.now() >= endsMs),
    });
    expect(sweep.clock.now() - endsMs).toBeLessThan(10_000);
    expect(sweep.state()).toMatchObject({ closed: { state: "crashed" } });
    expect(sweep.state().rentals.get(LABEL)?.settled).toEqual({ hours: 1, microUsd: 520_000 });
  });

  it("destroys without lock and journal where the disk takes neither", async () => {
    const sweep = await deadSweep();
    // A file where a folder should be fails for root too, as a full or read-only disk would.
    rmSync(join(sweep.stateDir, "lock"), { recursive: true });
    writeFileSync(join(sweep.stateDir, "lock"), "");
    await sweep.guard();
    expect(sweep.cloud.living()).toEqual([]);
    expect(sweep.logged.some((line) => line.startsWith("destroying without the lock"))).toBe(true);
  });

  it("destroys what carries the run's name where the whole state folder is gone", async () => {
    const sweep = await deadSweep();
    rmSync(sweep.stateDir, { recursive: true });
    await sweep.guard();
    expect(sweep.cloud.living()).toEqual([]);
  });

  it("destroys where the journal cannot even be read", async () => {
    const sweep = await deadSweep();
    rmSync(join(sweep.folder, "journal.jsonl"));
    mkdirSync(join(sweep.folder, "journal.jsonl"));
    chmodSync(join(sweep.folder, "journal.jsonl"), 0o700);
    await sweep.guard();
    expect(sweep.cloud.living()).toEqual([]);
  });
});
