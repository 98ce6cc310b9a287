import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { FencedError } from "../../src/journal/journal-errors.ts";
import { readOwner, type Owner } from "../../src/lock/generation-files.ts";
import { currentOwner, takeOwnership } from "../../src/lock/owner-lock.ts";
import { isAlive, thisProcess } from "../../src/lock/process-identity.ts";
import { newStateDir, RUN } from "../journal/journal-rig.ts";

const request = { run: RUN, role: "sweep", since: "2026-11-24T04:00:00.000Z" } as const;

/** Starts a process that tries to become the owner and tells what came of it. */
async function rival(
  stateDir: string,
): Promise<{ readonly child: ChildProcess; readonly told: string }> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "take-ownership.ts"), stateDir],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const [told] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, told };
}

async function kill({ child }: { readonly child: ChildProcess }): Promise<void> {
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

function rewrite(stateDir: string, change: (owner: Owner) => Owner): void {
  const owner = readOwner(stateDir);
  if (owner === undefined) throw new Error("no owner");
  writeFileSync(join(stateDir, "lock", `g.${String(owner.gen)}`), JSON.stringify(change(owner)));
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Looks twice at an expired lease, like life, but not half a minute apart. */
const HASTY = { renewMs: MINUTE_MS, confirmMs: 20 };
/** Of this machine and boot, in a container whose processes cannot be seen from here. */
const elsewhere = { ...thisProcess(process.pid), namespace: "pid:[1]" };

function lastRenewed(stateDir: string, agoMs: number): void {
  const at = new Date(Date.now() - agoMs);
  utimesSync(join(stateDir, "lock", `g.${String(readOwner(stateDir)?.gen)}`), at, at);
}

describe("takeOwnership", () => {
  it("lets one of many that start at the same moment in, and names it to the others", async () => {
    for (let round = 0; round < 4; round += 1) {
      const stateDir = newStateDir();
      const rivals = await Promise.all(Array.from({ length: 5 }, () => rival(stateDir)));
      const owners = rivals.filter(({ told }) => told.startsWith("owner"));
      expect(owners).toHaveLength(1);
      for (const { told } of rivals.filter((one) => !owners.includes(one))) {
        expect(told).toBe(`7 process ${String(owners[0]?.child.pid)} (sweep of run ${RUN})`);
      }
      await Promise.all(rivals.map(kill));
    }
  }, 60_000);

  it("lets one of many take over from an owner that was killed", async () => {
    const stateDir = newStateDir();
    const first = await rival(stateDir);
    expect(first.told).toBe("owner 1");
    await kill(first);
    const rivals = await Promise.all(Array.from({ length: 5 }, () => rival(stateDir)));
    expect(rivals.filter(({ told }) => told === "owner 2")).toHaveLength(1);
    expect(rivals.filter(({ told }) => told.startsWith("7 "))).toHaveLength(4);
    await Promise.all(rivals.map(kill));
  }, 60_000);

  it("takes the remains of a process that nobody has collected for dead, a stopped one for alive", async () => {
    const stateDir = newStateDir();
    const owner = await rival(stateDir);
    owner.child.kill("SIGSTOP");
    await expect(takeOwnership(stateDir, request)).rejects.toMatchObject({ exitCode: 7 });
    owner.child.kill("SIGKILL");
    await once(owner.child, "exit");
    await expect(takeOwnership(stateDir, request)).resolves.toMatchObject({ gen: 2 });
  });

  it.each([
    ["sweep", RUN, `(sweep of run ${RUN})`, `maider-sweep stop ${RUN} ends it`],
    ["recover", "recover", "(recover)", "wait for it"],
    ["down", RUN, `(down of run ${RUN})`, "wait for it"],
  ] as const)("tells how a %s that holds the folder ends", async (role, run, reason, hint) => {
    const stateDir = newStateDir();
    await takeOwnership(stateDir, { ...request, role, run });
    await expect(takeOwnership(stateDir, request)).rejects.toMatchObject({
      message: `another ${role} holds the state folder`,
      reason: expect.stringContaining(reason) as string,
      hint: expect.stringContaining(hint) as string,
    });
  });

  it("fences the former owner, and only then", async () => {
    const stateDir = newStateDir();
    const first = await takeOwnership(stateDir, request);
    first.assertCurrent();
    const guard = await takeOwnership(stateDir, { ...request, role: "guard", replaces: first.gen });
    expect(guard.gen).toBe(first.gen + 1);
    guard.assertCurrent();
    expect(() => first.assertCurrent()).toThrow(FencedError);
    expect(() => first.assertCurrent()).toThrow("its guard has taken over from this process");
    await first.release();
    expect(readOwner(stateDir)).toMatchObject({ gen: guard.gen, role: "guard", released: false });
  });

  it("does not let a guard take over from anybody but its own parent", async () => {
    const stateDir = newStateDir();
    const parent = await takeOwnership(stateDir, request);
    await parent.release();
    await takeOwnership(stateDir, request);
    await expect(
      takeOwnership(stateDir, { ...request, role: "guard", replaces: parent.gen }),
    ).rejects.toMatchObject({ exitCode: 7 });
  });

  it.each(["recover", "resume", "down"] as const)(
    "lets %s take over from a guard",
    async (role) => {
      const stateDir = newStateDir();
      const guard = await takeOwnership(stateDir, { ...request, role: "guard" });
      expect(await takeOwnership(stateDir, { ...request, role })).toMatchObject({ gen: 2 });
      expect(() => guard.assertCurrent()).toThrow(FencedError);
    },
  );

  it.each(["sweep", "guard"] as const)("lets no other %s take over from a guard", async (role) => {
    const stateDir = newStateDir();
    await takeOwnership(stateDir, { ...request, role: "guard" });
    await expect(takeOwnership(stateDir, { ...request, role })).rejects.toMatchObject({
      exitCode: 7,
    });
  });

  it("lets the next one in at once after a release, with a higher generation", async () => {
    const stateDir = newStateDir();
    const gens: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      const owner = await takeOwnership(stateDir, request);
      gens.push(owner.gen);
      expect(currentOwner(stateDir)?.gen).toBe(owner.gen);
      await owner.release();
      expect(currentOwner(stateDir)).toBeUndefined();
    }
    expect(gens).toEqual([1, 2, 3, 4, 5]);
    expect(readdirSync(join(stateDir, "lock")).toSorted()).toEqual(["g.4", "g.5"]);
  });

  it("refuses what another machine or container may still own, and says which", async () => {
    const stateDir = newStateDir();
    await takeOwnership(stateDir, request);
    rewrite(stateDir, (owner) => ({
      ...owner,
      process: { ...owner.process, host: "elsewhere", boot: "x" },
    }));
    await expect(takeOwnership(stateDir, request)).rejects.toMatchObject({
      exitCode: 7,
      reason: expect.stringContaining("on elsewhere") as string,
    });
    rewrite(stateDir, (owner) => ({
      ...owner,
      process: { ...thisProcess(process.pid), namespace: "pid:[1]" },
    }));
    await expect(takeOwnership(stateDir, request)).rejects.toMatchObject({ exitCode: 7 });
  });

  it("keeps refusing what an owner of version 0.1, which has no lease, may still own elsewhere", async () => {
    const stateDir = newStateDir();
    await takeOwnership(stateDir, request);
    rewrite(stateDir, (owner) => ({ ...owner, process: elsewhere, leaseSeconds: undefined }));
    lastRenewed(stateDir, 7 * DAY_MS);
    await expect(takeOwnership(stateDir, request, HASTY)).rejects.toMatchObject({ exitCode: 7 });
  });

  it("supersedes an owner in another container that has stopped renewing its lease", async () => {
    const stateDir = newStateDir();
    const owner = await takeOwnership(stateDir, request);
    rewrite(stateDir, (one) => ({ ...one, process: elsewhere }));
    lastRenewed(stateDir, 3 * MINUTE_MS);
    expect(currentOwner(stateDir)).toBeUndefined();
    expect(await takeOwnership(stateDir, request, HASTY)).toMatchObject({ gen: 2 });
    expect(() => owner.assertCurrent()).toThrow("another sweep has taken over from this process");
  });

  it("supersedes an owner under another host name that has stopped renewing its lease", async () => {
    const stateDir = newStateDir();
    await takeOwnership(stateDir, request);
    const process = { ...elsewhere, boot: "other", host: "renamed" };
    rewrite(stateDir, (one) => ({ ...one, process }));
    lastRenewed(stateDir, 3 * MINUTE_MS);
    expect(await takeOwnership(stateDir, request, HASTY)).toMatchObject({ gen: 2 });
  });

  it("refuses while an owner in another container renews its lease, and says for how long it holds", async () => {
    const stateDir = newStateDir();
    await takeOwnership(stateDir, request);
    rewrite(stateDir, (one) => ({ ...one, process: elsewhere }));
    await expect(takeOwnership(stateDir, request, HASTY)).rejects.toMatchObject({
      exitCode: 7,
      hint: expect.stringMatching(/within 2 minutes/) as string,
    });
  });

  it("does not supersede an owner that wakes up and renews its lease", async () => {
    const stateDir = newStateDir();
    const awake = await takeOwnership(stateDir, request, { ...HASTY, renewMs: 10 });
    rewrite(stateDir, (one) => ({ ...one, process: elsewhere }));
    lastRenewed(stateDir, 3 * MINUTE_MS);
    const patient = { ...HASTY, confirmMs: 2_000 };
    await expect(takeOwnership(stateDir, request, patient)).rejects.toMatchObject({ exitCode: 7 });
    awake.assertCurrent();
    await awake.release();
  });

  it("judges a process that it can see by the process alone", async () => {
    const stateDir = newStateDir();
    await takeOwnership(stateDir, request);
    lastRenewed(stateDir, DAY_MS);
    await expect(takeOwnership(stateDir, request, HASTY)).rejects.toMatchObject({ exitCode: 7 });
  });

  it("does not stay closed because of a garbled file", async () => {
    const stateDir = newStateDir();
    await takeOwnership(stateDir, request);
    writeFileSync(
      join(stateDir, "lock", "g.1"),
      readFileSync(join(stateDir, "lock", "g.1")).subarray(0, 30),
    );
    await expect(takeOwnership(stateDir, request)).resolves.toMatchObject({ gen: 2 });
  });

  it("lets an owner go on destroying when its folder has been taken away", async () => {
    const stateDir = newStateDir();
    const owner = await takeOwnership(stateDir, request);
    rmSync(stateDir, { recursive: true });
    expect(() => owner.assertCurrent()).not.toThrow();
  });
});

describe("isAlive", () => {
  it.each([
    ["runs with the same start", {}, true],
    ["has the number of another process", { started: "1" }, false],
    ["does not exist", { pid: 2 ** 22 + 1 }, false],
    ["ran before the last boot", { boot: "other" }, false],
    ["runs on another machine", { boot: "other", host: `${hostname()}-2` }, true],
    ["runs on another machine of the same name", { boot: "other", machine: "another" }, true],
    [
      "ran before the last boot, as version 0.1 wrote it",
      { boot: "other", machine: undefined },
      false,
    ],
  ] as const)("a process that %s", (_what, change, alive) => {
    expect(isAlive({ ...thisProcess(process.pid), ...change })).toBe(alive);
  });
});
