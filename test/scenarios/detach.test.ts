import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";

const GPU = "g2-gpu-rtx4000a1-s";
const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
const PLAN = `version: 1
name: detached
budget: { max_cost: 3, max_hours_per_rental: 2 }
passes: 1
suites: [coding]
entries:
  - gpu: ${GPU}
    models: [${MODEL}]
`;

interface Status {
  readonly runs: readonly { readonly run: string; readonly state: string; readonly pid: number }[];
}

async function stateOf(sweep: SweepRun): Promise<string | undefined> {
  const { stdout } = await sweep.run("status", "--json");
  return (JSON.parse(stdout) as Status).runs[0]?.state;
}

test("a detached sweep goes on in a session of its own, is followed by its journal and stopped from another shell", async () => {
  await using sweep = await sweepRun(1, "--speed", "1", "--delays", "0.02");
  const begun = await sweep.run(
    "run",
    sweep.plan(PLAN),
    "--detach",
    "--json",
    "--api-url",
    sweep.url,
    "--ssh-port",
    "2222",
    {
      LINODE_TOKEN: sweep.token,
      HF_TOKEN: "hf_canary",
    },
  );
  expect(begun.stderr).not.toContain("error");
  expect(begun.code).toBe(0);
  const { run, pid } = JSON.parse(begun.stdout) as { run: string; pid: number };
  const [, , , session] =
    readFileSync(`/proc/${String(pid)}/stat`, "utf8")
      .split(") ")[1]
      ?.split(" ") ?? [];
  expect(session).toBe(String(pid));
  for (const file of ["environ", "cmdline"]) {
    const text = readFileSync(`/proc/${String(pid)}/${file}`, "utf8");
    expect(text).not.toContain(sweep.token);
    expect(text).not.toContain("hf_canary");
  }
  // As a closing terminal would; it is not in our group, so nothing reaches it.
  expect(await stateOf(sweep)).toBe("running");
  expect((await sweep.run("logs", run)).stdout).toMatch(/reserved .* for a VM/);
  expect(await sweep.run("stop", run)).toMatchObject({ code: 0 });
  expect(await stateOf(sweep)).toBe("interrupted");
  const { vms } = await sweep.ask<{ vms: { deleted: string | null }[] }>("state");
  expect(vms.filter(({ deleted }) => deleted === null)).toEqual([]);
});

test("what goes wrong before a detached sweep begins is told on the spot, with its exit code", async () => {
  await using sweep = await sweepRun(1);
  const plan = sweep.plan(PLAN);
  const dear = await sweep.run(
    "run",
    plan,
    "--detach",
    "--simulate",
    sweep.url,
    "--max-cost",
    "0.1",
  );
  expect(dear.code).toBe(3);
  expect(dear.stderr).toMatch(/below the cheapest entry/);
  expect(await sweep.run("run", plan, "--detach", "--api-url", sweep.url)).toMatchObject({
    code: 4,
  });
});

test("rebench --detach records its pass, and logs shows what it said", async () => {
  await using sweep = await sweepRun(1, "--speed", "120", "--delays", "0.1");
  const argv = ["rebench", "--gpu", GPU, "--model", MODEL, "--passes", "1", "--max-cost", "3"];
  const begun = await sweep.run(...argv, "--simulate", sweep.url, "--detach");
  expect(begun.code).toBe(0);
  const run = /^run (\w{8}) continues in the background/.exec(begun.stdout)?.[1] ?? "";
  expect(begun.stdout).toContain(`maider-sweep logs ${run} --follow`);
  await expect.poll(() => stateOf(sweep), { timeout: 60_000, interval: 300 }).toBe("finished");
  expect(sweep.records()).toHaveLength(1);
  expect((await sweep.run("logs", run)).stdout).toMatch(/==> output\.log <==[^]*results of sweep/);
});
