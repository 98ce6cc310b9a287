import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CloudVm } from "../../src/cloud/cloud.ts";
import { foldRun } from "../../src/run-state/fold-run.ts";
import { openJournal, readJournal } from "../../src/journal/journal-file.ts";
import { foldLedger } from "../../src/run-state/ledger.ts";
import { JournalError } from "../../src/journal/journal-errors.ts";
import { makeVmLabel } from "../../src/journal/label.ts";
import { runFolder } from "../../src/journal/state-folder.ts";
import { recoverRun, type RecoverRun } from "../../src/teardown/recover-run.ts";
import { HOUR, newStateDir, opened, ownerOf, START, vmLabel } from "../journal/journal-rig.ts";
import { ALL_GONE, recoverBroken, wholeJournal, withFlippedBit } from "./broken-journal.ts";
import type { MemoryCloud } from "./memory-cloud.ts";
import { firewallLabel, LABEL, newRig, RUN, type Rig } from "./teardown-rig.ts";

const MINUTE = 60_000;
const other = makeVmLabel({ run: "other000", seq: 1, nonce: "aaaa", expiresMs: START + HOUR });

const recover = (rig: Rig, more: Partial<RecoverRun> = {}) =>
  recoverRun({
    ...rig.ports,
    folder: runFolder(newStateDir(), RUN),
    by: "recover",
    pid: 1,
    excludeHeld: true,
    ...more,
  });

/** A run with a firewall, two VMs and a foreign VM, left by its owner. */
async function leftRun(): Promise<Rig> {
  const rig = newRig();
  await rig.append(opened, { type: "firewall.intended", label: firewallLabel, cidrs: [] });
  rig.cloud.plantFirewall(firewallLabel);
  await rig.append({
    type: "firewall.acknowledged",
    label: firewallLabel,
    firewall_id: rig.cloud.firewalls[0]?.id ?? 0,
  });
  for (const label of [vmLabel(1), vmLabel(2)]) await rig.rent(label);
  rig.cloud.plant(other);
  rig.cloud.plant("web-server");
  return rig;
}

function untouched(cloud: MemoryCloud): void {
  expect(
    cloud
      .living()
      .map(({ label }) => label)
      .toSorted(),
  ).toEqual([other, "web-server"].toSorted());
}

describe("recoverRun", () => {
  it.each([
    ["takes it down before it closes the run", 1, "closed"],
    ["leaves the run open for the next one", 99, "unconfirmed"],
  ])("whose disk takes no end of a rental %s", async (_, failures, outcome) => {
    const rig = await leftRun();
    let left = failures;
    const { journal } = rig.ports;
    const append: typeof journal.append = (fact) => {
      const end = fact.type === "rental.settled" && fact.label === vmLabel(1);
      if (end && left-- > 0) return Promise.reject(new JournalError("journal.jsonl", "full"));
      return journal.append(fact);
    };
    const recovery = await recover(rig, { journal: { ...journal, append } });
    expect(recovery.outcome).toBe(outcome);
    const state = foldRun(rig.journal.events());
    expect(state.closed !== undefined).toBe(outcome === "closed");
    expect(state.rentals.get(vmLabel(1))?.settled !== undefined).toBe(outcome === "closed");
    untouched(rig.cloud);
  });

  it("destroys, proves, settles, removes the firewall, closes; and touches nobody else's", async () => {
    const rig = await leftRun();
    expect(await recover(rig)).toEqual({ outcome: "closed", spared: [], unconfirmed: [] });
    untouched(rig.cloud);
    expect(rig.cloud.firewalls.map(({ deletedMs }) => deletedMs !== undefined)).toEqual([true]);
    const state = foldRun(rig.journal.events());
    expect(state.closed).toMatchObject({ state: "crashed" });
    expect([...state.rentals.values()].map(({ stage }) => stage)).toEqual(["settled", "settled"]);
    expect(foldLedger(state, rig.clock.now())).toMatchObject({
      spentMicroUsd: 1_040_000,
      reservedMicroUsd: 0,
    });
  });

  it("sends the DELETEs of all that it knows before any list is read", async () => {
    const rig = await leftRun();
    rig.cloud.faults.push({
      on: ["listVms", "getVm", "account"],
      count: 40,
      action: { do: "refuse", kind: "transient" },
    });
    const startMs = rig.clock.now();
    await recover(rig);
    const deletes = rig.cloud.calls.filter(({ call }) => call === "deleteVm");
    expect(deletes.slice(0, 2).map(({ atMs }) => atMs - startMs)).toEqual([0, 0]);
  });

  it.each<[string, Partial<CloudVm>]>([
    ["is of a type that the run does not rent", { type: "g6-standard-2" }],
    ["is of another GPU type", { type: "g1-gpu-rtx6000-1" }],
    ["does not carry the run's tags", { tags: ["maider-sweep"] }],
  ])("leaves a VM alone that has a name of the run but %s", async (_, what) => {
    const rig = await leftRun();
    const { label } = rig.cloud.plant(vmLabel(7), what);
    expect(await recover(rig)).toMatchObject({ outcome: "closed" });
    expect(rig.cloud.living().map((vm) => vm.label)).toContain(label);
    expect(rig.alarms).toContainEqual(expect.objectContaining({ kind: "mismatch", label }));
    expect(rig.types()).not.toContain("create.adopted");
  });

  it("leaves a VM alone that is no GPU VM, also where the journal has lost what the run rents", async () => {
    const rig = newRig();
    rig.cloud.plant(vmLabel(7));
    const { label } = rig.cloud.plant(vmLabel(8), { type: "g6-standard-2" });
    await recover(rig);
    expect(rig.cloud.living().map((vm) => vm.label)).toEqual([label]);
  });

  it("destroys VMs of the run that its journal has lost, or had believed absent", async () => {
    const rig = await leftRun();
    rig.cloud.plant(vmLabel(7));
    await rig.reserve(vmLabel(8), "sent");
    await rig.append(
      { type: "rental.gone", label: vmLabel(8) },
      { type: "rental.settled", label: vmLabel(8), hours: 0, micro_usd: 0, usd: 0 },
    );
    rig.cloud.plant(vmLabel(8));
    expect(await recover(rig)).toMatchObject({ outcome: "closed" });
    untouched(rig.cloud);
    expect(rig.rental(vmLabel(8)).settled).toEqual({ hours: 1, microUsd: 520_000 });
  });

  it("destroys a VM that shows up while it recovers", async () => {
    const rig = newRig();
    rig.cloud.faults.push({ on: ["createVm"], action: { do: "commit-later", ms: 200_000 } });
    await rig.rent();
    expect(await recover(rig)).toMatchObject({ outcome: "closed" });
    expect(rig.cloud.vms).toHaveLength(1);
    expect(rig.cloud.living()).toEqual([]);
  });

  it("closes reservations that were never sent, for nothing", async () => {
    const rig = newRig();
    await rig.reserve(LABEL);
    await rig.append({
      type: "create.intended",
      label: LABEL,
      gpu: "g",
      region: "r",
      price_micro_usd: 1,
    });
    const startMs = rig.clock.now();
    expect(await recover(rig)).toMatchObject({ outcome: "closed" });
    expect(rig.rental().settled).toEqual({ hours: 0, microUsd: 0 });
    expect(rig.clock.now() - startMs).toBeLessThan(MINUTE);
  });

  it("settles what was confirmed deleted before the owner died", async () => {
    const rig = newRig();
    await rig.rent();
    const [vm] = rig.cloud.vms;
    if (vm !== undefined) vm.deletedMs = rig.clock.now();
    await rig.append(
      { type: "destroy.intended", label: LABEL, reason: "x" },
      { type: "rental.gone", label: LABEL },
    );
    expect(await recover(rig)).toMatchObject({ outcome: "closed" });
    expect(rig.rental().settled).toEqual({ hours: 1, microUsd: 520_000 });
    expect(rig.cloud.calls.some(({ call }) => call === "deleteVm")).toBe(false);
  });

  it("finds the firewall whose create was never answered", async () => {
    const rig = newRig();
    await rig.append(opened, { type: "firewall.intended", label: firewallLabel, cidrs: [] });
    void rig.clock.sleep(90_000).then(() => {
      rig.cloud.plantFirewall(firewallLabel);
    });
    expect(await recover(rig)).toMatchObject({ outcome: "closed" });
    expect(rig.cloud.firewalls[0]?.deletedMs).toBeDefined();
  });

  it("believes no single list that shows no firewall", async () => {
    const rig = newRig();
    await rig.append(opened, { type: "firewall.intended", label: firewallLabel, cidrs: [] });
    rig.cloud.plantFirewall(firewallLabel);
    rig.clock.jump(HOUR);
    rig.cloud.faults.push({ on: ["listFirewalls"], action: { do: "wrong-account" } });
    expect(await recover(rig)).toMatchObject({ outcome: "closed" });
    expect(rig.cloud.firewalls[0]?.deletedMs).toBeDefined();
  });

  it("spares what is held until its expiry, and leaves run and firewall open for it", async () => {
    const rig = await leftRun();
    const until = new Date(START + HOUR).toISOString();
    await rig.append({ type: "rental.held", label: LABEL, reason: "up", until });
    expect(await recover(rig)).toEqual({ outcome: "spared", spared: [LABEL], unconfirmed: [] });
    expect(rig.cloud.living().map(({ label }) => label)).toContain(LABEL);
    expect(rig.cloud.firewalls[0]?.deletedMs).toBeUndefined();
    expect(foldRun(rig.journal.events()).closed).toBeUndefined();
    rig.clock.jump(HOUR);
    expect(await recover(rig)).toMatchObject({ outcome: "closed" });
    untouched(rig.cloud);
    expect(foldRun(rig.journal.events()).closed).toMatchObject({ state: "finished", exit_code: 0 });
  });

  it("destroys the held ones too for `down`", async () => {
    const rig = await leftRun();
    await rig.append({
      type: "rental.held",
      label: LABEL,
      reason: "up",
      until: new Date(START + HOUR).toISOString(),
    });
    expect(await recover(rig, { by: "down", excludeHeld: false })).toMatchObject({
      outcome: "closed",
    });
    untouched(rig.cloud);
  });

  it("leaves the run open for the one that resumes it", async () => {
    const rig = await leftRun();
    expect(await recover(rig, { by: "resume" })).toMatchObject({ outcome: "spared", spared: [] });
    untouched(rig.cloud);
    expect(foldRun(rig.journal.events()).closed).toBeUndefined();
    expect(rig.cloud.firewalls[0]?.deletedMs).toBeUndefined();
  });

  it("closes the books of a world that is gone without asking it anything", async () => {
    const rig = await leftRun();
    const before = rig.cloud.calls.length;
    expect(await recover(rig, { worldGone: () => Promise.resolve(true) })).toMatchObject({
      outcome: "world_ended",
    });
    expect(rig.cloud.calls).toHaveLength(before);
    const state = foldRun(rig.journal.events());
    expect([...state.rentals.values()].every(({ settled }) => settled !== undefined)).toBe(true);
    expect(state.closed).toBeDefined();
  });

  it("closes the books when its world ends in the middle", async () => {
    const rig = await leftRun();
    let asked = 0;
    rig.cloud.faults.push({
      on: ["deleteVm", "listVms", "account"],
      count: Infinity,
      action: { do: "refuse", kind: "unreachable" },
    });
    const worldGone = () => Promise.resolve((asked += 1) > 3);
    expect(await recover(rig, { worldGone })).toMatchObject({ outcome: "world_ended" });
    const state = foldRun(rig.journal.events());
    expect([...state.rentals.values()].every(({ settled }) => settled !== undefined)).toBe(true);
    expect(state.closed).toBeDefined();
  });

  it("names what is not proved when patience ends, and leaves it open for the next one", async () => {
    const rig = await leftRun();
    rig.cloud.faults.push({
      on: ["deleteVm"],
      skip: 1,
      count: Infinity,
      action: { do: "refuse", kind: "token" },
    });
    const first = await recover(rig, { patienceMs: 10 * MINUTE });
    expect(first).toMatchObject({
      outcome: "unconfirmed",
      unconfirmed: [expect.stringMatching(/^mds-/) as string],
    });
    expect(foldRun(rig.journal.events()).closed).toBeUndefined();
    rig.cloud.faults.length = 0;
    expect(await recover(rig)).toMatchObject({ outcome: "closed" });
    untouched(rig.cloud);
  });

  it("waits for a token that is refused everywhere, and then finishes", async () => {
    const rig = await leftRun();
    const all = [
      "deleteVm",
      "getVm",
      "listVms",
      "account",
      "listFirewalls",
      "deleteFirewall",
    ] as const;
    rig.cloud.faults.push({ on: all, count: 100, action: { do: "refuse", kind: "token" } });
    expect(await recover(rig)).toMatchObject({ outcome: "closed" });
    expect(rig.alarms.length).toBeGreaterThan(0);
    untouched(rig.cloud);
  });
});

describe("a journal that is cut or damaged", () => {
  it("never keeps a VM alive, wherever it is cut", async () => {
    const bytes = await wholeJournal();
    const cuts = new Set([0, bytes.length]);
    for (let at = 0; at < bytes.length; at += 131) cuts.add(at);
    for (const [at, byte] of bytes.entries()) if (byte === 10) cuts.add(at).add(at + 1);
    for (const cut of cuts) expect(await recoverBroken(bytes.subarray(0, cut))).toEqual(ALL_GONE);
  });

  it("never keeps a VM alive, whichever bit has flipped", async () => {
    const bytes = await wholeJournal();
    for (let at = 0; at < bytes.length; at += 97)
      expect(await recoverBroken(withFlippedBit(bytes, at, at % 8))).toEqual(ALL_GONE);
  });

  it.each<[string, (whole: Buffer) => Buffer]>([
    ["is empty", () => Buffer.alloc(0)],
    ["has only line ends", () => Buffer.from("\r\n\r\n")],
    ["has only zeros", (whole) => Buffer.alloc(whole.length)],
    ["has other line ends", (whole) => Buffer.from(whole.toString().replaceAll("\n", "\r\n"))],
    ["has one line for all", (whole) => Buffer.from(whole.toString().replaceAll("\n", " "))],
  ])("never keeps a VM alive nor loses its bill when it %s", async (_what, hollow) => {
    expect(await recoverBroken(hollow(await wholeJournal()))).toEqual(ALL_GONE);
  });

  it("looks long enough for every label that a damaged one names, for its create may be under way", async () => {
    const bytes = await wholeJournal();
    const lines = bytes.toString().split("\n");
    const broken = Buffer.from(
      lines.map((line, i) => (i >= 3 && i <= 5 ? `#${line}` : line)).join("\n"),
    );
    const folder = runFolder(newStateDir(), RUN);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "journal.jsonl"), broken);
    expect(readJournal(folder)).toMatchObject({ damaged: true });
    const rig = newRig();
    void rig.clock.sleep(240_000).then(() => rig.cloud.plant(vmLabel(1)));
    const journal = await openJournal({
      folder,
      run: RUN,
      ownership: ownerOf(2),
      clock: rig.clock,
    });
    await recoverRun({ ...rig.ports, journal, folder, by: "recover", pid: 1, excludeHeld: true });
    await journal.close();
    expect(rig.cloud.vms.map(({ label }) => label)).toContain(vmLabel(1));
    expect(rig.cloud.living()).toEqual([]);
  });
});
