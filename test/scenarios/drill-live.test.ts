import { expect, test } from "vitest";
import type { Finding } from "../../src/drill/live-findings.ts";
import { sweepRun } from "../simulated/sweep-run.ts";

test("drill --live rents one VM, shows the twelve things and leaves nothing; without a cap it rents none", async () => {
  await using rig = await sweepRun(5, "--speed", "120", "--delays", "0.2");
  const refused = await rig.run("drill", "--live", "--simulate", rig.url);
  expect(refused.code).toBe(2);
  const { code, stdout } = await rig.run(
    "drill",
    "--live",
    "--max-cost",
    "2",
    "--json",
    "--simulate",
    rig.url,
  );
  expect(code).toBe(0);
  const { simulated, findings } = JSON.parse(stdout) as { simulated: boolean; findings: Finding[] };
  expect(simulated).toBe(true);
  expect(findings.map(({ item }) => item)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(findings.filter(({ state }) => state !== "as expected")).toEqual([]);
  const { vms } = await rig.ask<{ vms: { deleted: string | null }[] }>("state");
  expect(vms.map(({ deleted }) => deleted === null)).toEqual([false]);
});
