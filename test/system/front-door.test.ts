import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPlan } from "../../src/plan/read-plan.ts";
import { sweepRun } from "../simulated/sweep-run.ts";
import { atATerminal, GONE, KEYS } from "./at-a-terminal.ts";

const { enter, down, space, interrupt } = KEYS;

test("init: a person picks a card, work, a model, passes and a cap, sees what each comes to, and gets a plan", async () => {
  await using rig = await sweepRun(1);
  const { code, shown, missed } = await atATerminal(["init", "--simulate", rig.url], {
    env: rig.env,
    cwd: rig.env.HOME,
    columns: 120,
    steps: [
      ["Which GPU types?", `${down}${down}${down}${down}${space}${enter}`],
      ["For which work?", `${down}${space}${enter}`],
      ["Which models?", `${down}${space}${enter}`],
      ["How many passes", enter],
      ["At most how many dollars?", `7${enter}`],
      ["And now?", `${down}${down}${down}${down}${enter}`],
      ["How many passes", `${down}${enter}`],
      ["And now?", enter],
      ["Run it now?", `${down}${enter}`],
    ],
  });
  expect(missed).toBeUndefined();
  expect(shown).toContain("g2-gpu-rtx4000a1-s");
  expect(shown).toMatch(/1 VMs?, about \d+ min, likely \$\d+\.\d\d, at worst \$\d+\.\d\d/);
  expect(shown).toContain("wrote plan.yaml");
  expect(code).toBe(0);
  const file = join(rig.env.HOME, "plan.yaml");
  const text = readFileSync(file, "utf8");
  expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/.*plan\.schema\.json$/m);
  const reading = readPlan(text, file);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  const [entry] = reading.plan.entries;
  expect(entry?.gpu.id).toBe("g2-gpu-rtx4000a1-s");
  expect(entry?.configurations).toHaveLength(1);
  expect(entry?.configurations[0]).toMatchObject({ passes: 5, suites: ["coding", "reasoning"] });
  expect(reading.plan.budget.maxCost).toBe(7_000_000);
});

test("init: Ctrl-C leaves nothing behind; a file that is there is not overwritten without a yes", async () => {
  await using rig = await sweepRun(1);
  const { env } = rig;
  const cwd = env.HOME;
  const left = await atATerminal(["init", "--simulate", rig.url], {
    env,
    cwd,
    steps: [["Which GPU types?", interrupt]],
  });
  expect(left.shown).toContain("nothing was written");
  expect(existsSync(join(cwd, "plan.yaml"))).toBe(false);

  writeFileSync(join(cwd, "plan.yaml"), "mine\n");
  const given = ["--gpu", "g2-gpu-rtx4000a1-s", "--suites", "coding", "--passes", "1"];
  const model = ["--model", "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ"];
  const refused = await atATerminal(["init", "--simulate", rig.url, ...given, ...model], {
    env,
    cwd,
    steps: [
      ["At most how many dollars?", enter],
      ["And now?", enter],
      ["overwrite it?", enter],
    ],
  });
  expect(refused.shown).toContain("nothing was written");
  expect(readFileSync(join(cwd, "plan.yaml"), "utf8")).toBe("mine\n");
});

test("doctor shows each check in a line that fits a terminal, and the remedy below it", async () => {
  await using rig = await sweepRun(1);
  const { code, shown } = await atATerminal(["doctor", "--simulate", rig.url], {
    env: rig.env,
    cwd: rig.env.HOME,
    columns: 100,
    steps: [],
  });
  expect(code).toBe(0);
  for (const check of ["node", "clock", "state folder", "database", "token", "stock", "reaper"])
    expect(shown).toMatch(new RegExp(`^(ok|warning) +${check} `, "m"));
  expect(shown).toMatch(/try: .*maider-sweep guard install/);
  for (const line of shown.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
});

test("recommend asks three questions and answers from what was measured", async () => {
  await using rig = await sweepRun(1);
  cpSync("fixtures/benchmark-database.v1.json", rig.env.MAIDER_SWEEP_DB);
  const { code, shown, missed } = await atATerminal(["recommend"], {
    env: rig.env,
    cwd: rig.env.HOME,
    columns: 100,
    steps: [
      ["What will you use it for?", enter],
      ["What may an hour cost?", enter],
      ["Which model size do you prefer?", enter],
    ],
  });
  expect(missed).toBeUndefined();
  expect(code).toBe(0);
  expect(shown).toMatch(/^#1 /m);
});

test.each([
  [["init"], 2, /--gpu, --model or --max-cost is missing/],
  [["recommend"], 2, /give --task/],
  [["recommend", "--task", "coding", "--budget", "none", "--size", "balanced"], 0, /^$/],
])("without a terminal, %j asks nobody", async (argv, code, says) => {
  await using rig = await sweepRun(1);
  const end = await rig.run(...argv);
  expect(end.code).toBe(code);
  expect(end.stderr).toMatch(says);
});

const ASKED = [
  ["recommend", "What will you use it for?", "stopped by"],
  ["init", "Which GPU types?", "nothing was written"],
] as const;
test.each(
  ASKED.flatMap(([verb, asks, says]) => [
    [verb, "Ctrl-C", KEYS.interrupt, asks, says] as const,
    [verb, "Ctrl-D", KEYS.end, asks, says] as const,
    [verb, "a terminal that is closed", GONE, asks, ""] as const,
  ]),
)("%s: %s at a question ends it quietly", async (verb, _, types, asks, says) => {
  await using rig = await sweepRun(1);
  cpSync("fixtures/benchmark-database.v1.json", rig.env.MAIDER_SWEEP_DB);
  const { code, shown, missed } = await atATerminal(
    verb === "init" ? ["init", "--simulate", rig.url] : [verb],
    { env: rig.env, cwd: rig.env.HOME, steps: [[asks, types]] },
  );
  expect(missed).toBeUndefined();
  expect(code).toBe(130);
  expect(shown).toContain(says);
  expect(shown).not.toMatch(/warning|bug|await/i);
});
