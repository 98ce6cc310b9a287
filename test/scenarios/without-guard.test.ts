import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { DRILL_PLAN } from "../../src/drill/drill-case.ts";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";

interface WorldState {
  readonly now: string;
  readonly vms: readonly { readonly label: string; readonly deleted: string | null }[];
  readonly firewalls: readonly { readonly label: string; readonly deleted: string | null }[];
}

/** A sweep that has died with its guard while its VM was running. */
async function deadRun(rig: SweepRun): Promise<void> {
  const { code } = await rig.run("run", rig.plan(DRILL_PLAN), "--simulate", rig.url, "--quiet", {
    MAIDER_SWEEP_CRASH: "boot.running:after+guard",
  });
  expect(code).toBe(null);
  expect(await open(rig)).toHaveLength(2);
}

async function open(rig: SweepRun): Promise<readonly string[]> {
  const { vms, firewalls } = await rig.ask<WorldState>("state");
  return [...vms, ...firewalls].flatMap(({ label, deleted }) => (deleted === null ? [label] : []));
}

test("recover alone finishes the job of a sweep that died with its guard", async () => {
  await using rig = await sweepRun(8, "--speed", "60", "--delays", "0.1");
  await deadRun(rig);
  const { code, stdout } = await rig.run("recover", "--simulate", rig.url);
  expect(stdout).toMatch(/: closed$/m);
  expect(code).toBe(0);
  expect(await open(rig)).toEqual([]);
});

test("reap alone, with nothing but a token, destroys what has expired; recover closes the books", async () => {
  await using rig = await sweepRun(8, "--speed", "1200", "--delays", "0.1");
  await deadRun(rig);
  const elsewhere = { MAIDER_SWEEP_STATE: `${rig.env.HOME}/another-machine` };
  const [vm = ""] = await open(rig);
  const early = await rig.run(
    "reap",
    "--dry-run",
    "--grace",
    "600",
    "--simulate",
    rig.url,
    elsewhere,
  );
  expect(early.stdout).toContain("0 expired");
  const expiryMs = Number.parseInt(vm.slice(vm.lastIndexOf("-x") + 2), 36) * 1_000;
  while (Date.parse((await rig.ask<WorldState>("state")).now) < expiryMs + 60_000) await sleep(100);
  const { code, stdout } = await rig.run("reap", "--grace", "0", "--simulate", rig.url, elsewhere);
  expect(stdout).toContain(`destroyed ${vm}`);
  expect(code).toBe(0);
  expect(await open(rig)).toEqual([]);
  // On this clock ten minutes are half a second.
  await rig.run("recover", "--simulate", rig.url, "--destroy-patience", "300");
  expect((await rig.run("status", "--json")).stdout).toContain('"state": "crashed"');
});

const BREAKS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  "is empty": () => Buffer.alloc(0),
  "has nothing but line ends": () => Buffer.from("\r\n\r\n"),
  "ends in the middle of its last line": (bytes) => bytes.subarray(0, bytes.length - 40),
  "ends before its VM was named": (bytes) =>
    bytes.subarray(0, bytes.indexOf("rental.reserved") - 60),
  "has a flipped bit in its first line": (bytes) => flipped(bytes, 100),
  "has a flipped bit where its VM was created": (bytes) =>
    flipped(bytes, bytes.indexOf("create.acknowledged") + 40),
};

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 4;
  return copy;
}

test.each(Object.entries(BREAKS))(
  "recover destroys everything of a dead run whose journal %s, creates nothing, and books it",
  async (_how, broken) => {
    await using rig = await sweepRun(8, "--speed", "300", "--delays", "0.1");
    await deadRun(rig);
    const { runs } = JSON.parse((await rig.run("status", "--json")).stdout) as {
      runs: readonly { run: string }[];
    };
    const journal = join(
      rig.env.MAIDER_SWEEP_STATE,
      "simulated/runs",
      runs[0]?.run ?? "",
      "journal.jsonl",
    );
    writeFileSync(journal, broken(readFileSync(journal)));
    const posts = async (): Promise<number> =>
      (await rig.ask<{ requests: { method: string }[] }>("requests")).requests.filter(
        ({ method }) => method === "POST",
      ).length;
    const before = await posts();
    const { code, stderr } = await rig.run(
      "recover",
      "--simulate",
      rig.url,
      "--destroy-patience",
      "300",
    );
    expect(stderr).not.toContain("bug");
    expect(code).toBe(0);
    expect(await open(rig)).toEqual([]);
    expect(await posts()).toBe(before);
    const { usd } = await rig.ask<{ usd: number }>("invoice");
    const after = JSON.parse((await rig.run("status", "--json")).stdout) as {
      runs: readonly { state: string; spent_usd: number }[];
    };
    expect(after.runs).toMatchObject([{ state: "crashed" }]);
    expect(after.runs[0]?.spent_usd).toBeGreaterThanOrEqual(usd);
  },
);

test("a run whose journal no longer tells where it ran is not taken for closed", async () => {
  await using rig = await sweepRun(8, "--speed", "60", "--delays", "0.1");
  await deadRun(rig);
  const runs = join(stateOf(rig), "runs");
  const [run = ""] = readdirSync(runs);
  writeFileSync(join(runs, run, "journal.jsonl"), "");
  expect((await rig.run("status")).stdout).toContain("its journal is damaged");
  expect((await rig.run("recover")).stdout).toMatch(
    new RegExp(`^${run}: skipped: .*recover --simulate URL`),
  );
  await rig.run("recover", "--simulate", rig.url);
  expect((await rig.run("recover")).stdout).toContain("every run is closed");
});

const stateOf = (rig: SweepRun): string => join(rig.env.MAIDER_SWEEP_STATE, "simulated");
const creates = async (rig: SweepRun): Promise<number> => {
  const { requests } = await rig.ask<{ requests: { method: string; path: string }[] }>("requests");
  return requests.filter(
    ({ method, path }) => method === "POST" && path.endsWith("/linode/instances"),
  ).length;
};

test("where no lock can be taken recover destroys all the same, and a run creates nothing", async () => {
  await using rig = await sweepRun(8, "--speed", "60", "--delays", "0.1");
  await deadRun(rig);
  // For every user, root too, a file in the place of the folder takes no lock.
  rmSync(join(stateOf(rig), "lock"), { recursive: true });
  writeFileSync(join(stateOf(rig), "lock"), "");
  const run = await rig.run("run", rig.plan(DRILL_PLAN), "--simulate", rig.url, "--quiet");
  expect(run.stderr).toMatch(/^error: the state folder .* cannot be locked\n  why: .*\n  try: /m);
  expect(run.code).toBe(5);
  expect(await creates(rig)).toBe(1);
  const { code, stderr } = await rig.run("recover", "--simulate", rig.url);
  expect(stderr).toContain("destroying without the lock");
  expect(code).toBe(0);
  expect(await open(rig)).toEqual([]);
});

test("a run whose journal is damaged in the middle is not resumed: all of it is destroyed", async () => {
  await using rig = await sweepRun(8, "--speed", "60", "--delays", "0.1");
  await deadRun(rig);
  const runs = join(stateOf(rig), "runs");
  const [id = ""] = readdirSync(runs);
  const journal = join(runs, id, "journal.jsonl");
  writeFileSync(
    journal,
    readFileSync(journal, "utf8").replace("rental.reserved", "reotal.reserved"),
  );
  const { code, stderr } = await rig.run("run", "--resume", id, "--simulate", rig.url, "--quiet");
  expect(stderr).toContain(`the journal of run ${id} is damaged`);
  expect(stderr).toContain(`error: the run ${id} cannot be resumed`);
  expect(code).toBe(5);
  expect(await creates(rig)).toBe(1);
  expect(await open(rig)).toEqual([]);
});
