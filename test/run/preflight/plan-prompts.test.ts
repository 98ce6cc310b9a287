import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { savePlan, readSavedPlan } from "../../../src/run/run-folder/saved-plan.ts";
import { loadPlan } from "../../../src/run/preflight/load-plan.ts";
import { passesSeconds } from "../../../src/estimate/pass-seconds.ts";
import type { Configuration, CoveragePlan } from "../../../src/plan/coverage-plan.ts";
import { fakeTerminal } from "../../cli/fake-terminal.ts";
import { planRequest } from "../a-request.ts";

const folder = mkdtempSync(join(tmpdir(), "mds-prompts-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const PROMPTS = [
  { name: "first", category: "coding", prompt: "Say a", max_tokens: 50 },
  {
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hello" },
    ],
  },
];

async function planWith(name: string, prompts: string): Promise<CoveragePlan> {
  writeFileSync(join(folder, name), prompts);
  const file = join(folder, `${name}.plan.yaml`);
  writeFileSync(
    file,
    `version: 1
prompts: ${name}
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct]
`,
  );
  return loadPlan({ file }, planRequest(folder), fakeTerminal());
}

const onlyOne = (plan: CoveragePlan): Configuration =>
  plan.entries[0]?.configurations[0] as Configuration;

test("a plan's prompts are read beside it, alike from YAML, JSON and JSON lines", async () => {
  const yaml = `
- {name: first, category: coding, prompt: Say a, max_tokens: 50}
- messages:
    - {role: system, content: Be brief.}
    - {role: user, content: Hello}
`;
  const suites = await Promise.all([
    planWith("mine.yaml", yaml),
    planWith("mine.json", JSON.stringify(PROMPTS)),
    planWith("mine.jsonl", PROMPTS.map((one) => JSON.stringify(one)).join("\n")),
  ]);
  const [suite, ...others] = suites.map((plan) => onlyOne(plan).prompts);
  expect(suite?.id).toMatch(/^custom-[0-9a-f]{8}$/);
  expect(suite?.tests.map(({ name, category, maxTokens }) => [name, category, maxTokens])).toEqual([
    ["first", "coding", 50],
    ["Prompt 2", "custom", 500],
  ]);
  expect(others).toEqual([suite, suite]);
});

test("a run's folder holds them, so that a resume needs no file", async () => {
  const plan = await planWith("kept.json", JSON.stringify(PROMPTS));
  await savePlan(folder, plan);
  rmSync(join(folder, "kept.json"));
  const again = await readSavedPlan(folder, "k3xw90ab", planRequest(folder), fakeTerminal());
  expect(onlyOne(again).prompts).toEqual(onlyOne(plan).prompts);
});

test("the forecast goes by them, not by the standard suites", async () => {
  const short = onlyOne(await planWith("short.json", '[{"prompt":"a","max_tokens":10}]'));
  const long = onlyOne(await planWith("long.json", '[{"prompt":"a","max_tokens":10000}]'));
  expect(passesSeconds(short)).toBeLessThan(60);
  expect(passesSeconds(long)).toBeGreaterThan(10 * passesSeconds(short));
});

test.each([
  ["[]", "at least one prompt"],
  ['[{"prompt":"a","tokens":1}]', "unknown key tokens"],
  ["{", "prompts in"],
])("prompts that cannot be used are refused with the plan: %s", async (text, message) => {
  const plan = planWith("bad.json", text);
  await expect(plan).rejects.toMatchObject({ exitCode: 2 });
  const error = await plan.catch((thrown: unknown) => thrown as Error & { reason?: string });
  expect(`${(error as Error).message} ${String((error as { reason?: string }).reason)}`).toContain(
    message,
  );
});
