import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { DRILL_PLAN } from "../../src/cli/drill/drill-case.ts";
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
  await rig.run("recover", "--simulate", rig.url);
  expect((await rig.run("status", "--json")).stdout).toContain('"state": "crashed"');
});
