import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { LiveDrillResult } from "../../src/drill/live-drill.ts";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";

async function drill(rig: SweepRun, ...flags: readonly string[]) {
  const { code, stdout, stderr } = await rig.run(
    "drill",
    "--live",
    "--json",
    "--simulate",
    rig.url,
    ...flags,
  );
  if (stdout === "") throw new Error(stderr);
  return { code, stderr, result: JSON.parse(stdout) as LiveDrillResult };
}

async function leftVms(rig: SweepRun): Promise<readonly boolean[]> {
  const { vms } = await rig.ask<{ vms: { deleted: string | null }[] }>("state");
  return vms.map(({ deleted }) => deleted === null);
}

test("drill --live rents one VM, finds the nine checks as expected and leaves nothing; without a cap it rents none", async () => {
  await using rig = await sweepRun(5, "--speed", "60");
  const refused = await rig.run("drill", "--live", "--simulate", rig.url);
  expect(refused.code).toBe(2);
  const { code, result, stderr } = await drill(rig, "--max-cost", "2");
  expect(result.findings.filter(({ state }) => state !== "as expected")).toEqual([]);
  expect(result.findings.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(code).toBe(0);
  expect(result.simulated).toBe(true);
  expect(stderr).toMatch(
    /live drill on g2-gpu-rtx4000a1-s: likely \$\d\.\d\d in about \d+ minutes/,
  );
  const saved = JSON.parse(readFileSync(result.file, "utf8")) as LiveDrillResult;
  expect(saved.findings).toEqual(result.findings);
  expect(await leftVms(rig)).toEqual([false]);
});

test("drill --live tells for each of ten checks what differs, and the VMs go all the same", async () => {
  await using rig = await sweepRun(5, "--speed", "60");
  const onVm = (action: string, more: object = {}): object => ({ vm: {}, action, ...more });
  const twoGpus = { type: "g2-gpu-rtx4000a2-s" };
  await rig.faults([
    onVm("module-uninstallable"),
    onVm("slow-shutdown"),
    onVm("cloud-init-fails"),
    onVm("tight-memory"),
    onVm("harmony-breaks"),
    onVm("download-freezes", { seconds: 120 }),
    onVm("parts-remain"),
    onVm("samples-unavailable"),
    onVm("slow-deletion"),
    { vm: twoGpus, action: "start-hangs" },
  ]);
  const { result } = await drill(rig, "--max-cost", "6", "--two-gpus");
  expect(result.findings.map(({ number, state }) => [number, state])).toEqual(
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((number) => [number, "differs"]),
  );
  for (const { change } of result.findings) expect(change).toMatch(/\w/);
  expect(await leftVms(rig)).toEqual([false, false]);
});
