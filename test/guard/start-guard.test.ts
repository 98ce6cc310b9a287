import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startGuard, type Guard } from "../../src/guard/start-guard.ts";
import { GUARD_PROGRAM } from "../../src/run/wire.ts";
import type { Fact } from "../../src/journal/events.ts";
import { foldRun } from "../../src/run-state/fold-run.ts";
import { openJournal, readJournal } from "../../src/journal/journal-file.ts";
import { readOwner } from "../../src/lock/generation-files.ts";
import { isAlive, thisProcess } from "../../src/lock/process-identity.ts";
import { openStateFolder, runFolder } from "../../src/journal/state-folder.ts";
import {
  firewallLabel,
  newStateDir,
  opened,
  ownerOf,
  RUN,
  manualClock,
  vmLabel,
} from "../journal/journal-rig.ts";
import { linodeOnLoopback, type LinodeOnLoopback } from "../cli/linode-on-loopback.ts";

const TOKEN = "c0ffee".repeat(10);
let linode: LinodeOnLoopback;
let stateDir: string;
const started: { kill(): void }[] = [];

beforeEach(async () => {
  linode = await linodeOnLoopback();
  linode.vms.set(7, vmLabel(1)).set(8, "web-server");
  linode.firewalls.set(9, firewallLabel);
  stateDir = newStateDir();
});
afterEach(() => {
  linode.close();
  for (const one of started.splice(0)) one.kill();
});

/** A sweep as a process group of its own, with its guard. */
async function guardedParent(
  stallMs = 60_000,
): Promise<{ readonly parent: ChildProcess; readonly guardPid: number }> {
  const program = join(import.meta.dirname, "guarded-parent.ts");
  const parent = spawn(process.execPath, [program, stateDir, linode.url, TOKEN, String(stallMs)], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const [line] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
  const guardPid = Number(line);
  started.push({
    kill: () => {
      for (const pid of [parent.pid ?? 0, guardPid]) tryKill(pid);
    },
  });
  return { parent, guardPid };
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}

const state = () => foldRun(readJournal(runFolder(stateDir, RUN)).events);
const until = (check: () => void) => vi.waitFor(check, { timeout: 15_000, interval: 20 });

async function expectDestroyed(guardPid: number): Promise<void> {
  const { started: start } = thisProcess(guardPid);
  await until(() => {
    expect(state().closed).toBeDefined();
  });
  expect([...linode.vms.values()]).toEqual(["web-server"]);
  expect(linode.firewalls.size).toBe(0);
  expect(linode.deletes[0]).toEqual({ path: "/linode/instances/7", token: `Bearer ${TOKEN}` });
  expect(state().rentals.get(vmLabel(1))?.settled).toBeDefined();
  await until(() => {
    expect(isAlive({ ...thisProcess(guardPid), started: start })).toBe(false);
  });
}

describe("a guard", () => {
  it("outlives kill -9 of its parent's whole group, destroys what is left, and goes", async () => {
    const { parent, guardPid } = await guardedParent();
    process.kill(-(parent.pid ?? 0), "SIGKILL");
    await expectDestroyed(guardPid);
    expect(readOwner(stateDir)).toMatchObject({ gen: 2, role: "guard", released: true });
  });

  it("hears of no signal but SIGKILL", async () => {
    const { parent, guardPid } = await guardedParent();
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(guardPid, signal);
    expect(isAlive(thisProcess(guardPid))).toBe(true);
    parent.kill("SIGKILL");
    await expectDestroyed(guardPid);
  });

  it("takes over from a parent that hangs", async () => {
    const { parent, guardPid } = await guardedParent(600);
    parent.kill("SIGSTOP");
    await expectDestroyed(guardPid);
    expect(isAlive(thisProcess(parent.pid ?? 0))).toBe(true);
  });

  it("keeps the token to itself: not in its arguments, its environment, its log, the journal", async () => {
    const { parent, guardPid } = await guardedParent();
    // macOS shows neither to anybody.
    const proc = (name: string): string =>
      process.platform === "linux" ? readFileSync(`/proc/${String(guardPid)}/${name}`, "utf8") : "";
    expect(proc("cmdline")).not.toContain(TOKEN);
    expect(proc("environ")).not.toContain(TOKEN);
    expect(proc("environ")).not.toContain("MAIDER_SWEEP");
    parent.kill("SIGKILL");
    await expectDestroyed(guardPid);
    const folder = runFolder(stateDir, RUN);
    expect(readFileSync(join(folder, "guard.log"), "utf8")).toContain("the pipe closed");
    for (const name of ["guard.log", "journal.jsonl"])
      expect(readFileSync(join(folder, name), "utf8")).not.toContain(TOKEN);
  });
});

describe("startGuard", () => {
  async function guardOfOurs(program = GUARD_PROGRAM): Promise<Guard> {
    openStateFolder(stateDir);
    const guard = await startGuard({
      stateDir,
      run: RUN,
      gen: 1,
      token: TOKEN,
      apiUrl: linode.url,
      holdMs: 0,
      time: { v0: Date.now(), w0: Date.now(), speed: 120 },
      ceilings: 1,
      world: null,
      env: process.env,
      program,
    });
    started.push({ kill: () => tryKill(guard.pid) });
    return guard;
  }

  async function journaled(...more: readonly Fact[]): Promise<void> {
    const folder = runFolder(stateDir, RUN);
    const journal = await openJournal({
      folder,
      run: RUN,
      ownership: ownerOf(1),
      clock: manualClock(),
    });
    for (const fact of [{ ...opened, account: "" }, ...more]) await journal.append(fact);
    await journal.close();
  }

  it("lets a guard go when all is settled", async () => {
    const guard = await guardOfOurs();
    await journaled({ type: "run.closed", exit_code: 0, state: "finished" });
    expect(guard.alive()).toBe(true);
    await guard.release();
    expect(guard.alive()).toBe(false);
    expect(linode.deletes).toEqual([]);
  });

  it("lets it stay and destroy when all is not, whatever it was told", async () => {
    const guard = await guardOfOurs();
    await journaled();
    await guard.release();
    await until(() => {
      expect(guard.alive()).toBe(false);
    });
    expect([...linode.vms.values()]).toEqual(["web-server"]);
    expect(state().closed).toBeDefined();
  });

  it("tells when a guard has died, also those who ask later", async () => {
    const guard = await guardOfOurs();
    const told = new Promise<void>((resolve) => {
      guard.onExit(resolve);
    });
    process.kill(guard.pid, "SIGKILL");
    await told;
    expect(guard.alive()).toBe(false);
    const late = vi.fn<() => void>();
    guard.onExit(late);
    expect(late).toHaveBeenCalledOnce();
    await guard.release();
  });

  it("says why a guard did not start", async () => {
    await expect(guardOfOurs(join(stateDir, "missing.ts"))).rejects.toMatchObject({
      message: "the guard did not start",
      exitCode: 4,
      reason: expect.stringContaining("Cannot find module") as string,
    });
  });
});
