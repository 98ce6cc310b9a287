import { expect, test } from "vitest";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";
import { watchSweep } from "./watched-sweep.ts";

const CARD = "g2-gpu-rtx4000a1-s";
const OTHER = "g2-gpu-rtx4000a1-m";
const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
const plan = (cards: readonly string[]): string => `version: 1
name: warnings
budget: { max_cost: 9, max_hours_per_rental: 2 }
concurrency: 2
suites: [coding]
passes: 1
entries:
  - gpu: [${cards.join(", ")}]
    models: [${MODEL}]
`;

const revoke = (rig: SweepRun, revoked: boolean): Promise<Response> =>
  fetch(`${rig.url}/simulator/tokens`, {
    method: "POST",
    body: JSON.stringify({ token: rig.token, revoked }),
  });

test("a token that is refused while a VM is destroyed is reported at once, once, with what can be done", async () => {
  await using rig = await sweepRun(5, "--speed", "90", "--delays", "0.1");
  const file = rig.plan(plan([CARD]));
  const patience = ["--destroy-patience", "600"];
  const sweep = watchSweep(rig, "run", file, "--simulate", rig.url, "--json", ...patience);
  await sweep.until("pass.started");
  await revoke(rig, true);
  await sweep.untilSaid("the API refuses this token");
  expect(sweep.events.filter(({ type }) => type === "run.closed")).toEqual([]);
  await revoke(rig, false);
  const { stderr } = await sweep.ended;
  expect(stderr.split("the API refuses this token")).toHaveLength(2);
  expect(stderr).toMatch(
    /warning: mds-\S+: the API refuses this token: .*; when this command has ended \(Ctrl-C ends it\), run maider-sweep recover with a new token/,
  );
});

test("exit 5 under --json says why on stderr, a line for each configuration", async () => {
  await using rig = await sweepRun(3, "--speed", "180", "--delays", "0.1");
  await rig.faults([
    { type: OTHER, action: "no-stock" },
    { vm: { type: CARD, model: MODEL }, action: "out-of-memory" },
  ]);
  const file = rig.plan(plan([CARD, OTHER]));
  const { code, stderr } = await rig.run("run", file, "--simulate", rig.url, "--json");
  expect(code).toBe(5);
  const lines = stderr.split("\n").filter((line) => line.startsWith("not measured: "));
  expect(lines.toSorted()).toEqual([
    expect.stringMatching(/^not measured: g2-gpu-rtx4000a1-m .*: not started: no stock/) as string,
    expect.stringMatching(
      /^not measured: g2-gpu-rtx4000a1-s .*: failed.*out of GPU memory/,
    ) as string,
  ]);
});
