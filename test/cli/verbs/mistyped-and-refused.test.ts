import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { checkRegions } from "../../../src/estimate/check-regions.ts";
import { builtInMarket } from "../../../src/estimate/market.ts";
import { startSimulator, type Simulator } from "../../../src/simulator/control/start-simulator.ts";
import { planWith } from "../../plan/a-plan.ts";
import { speak, type Spoken } from "../fake-terminal.ts";

const GPU = "g2-gpu-rtx4000a1-s";
const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
const TOKEN = "a-token-with-all-scopes";

let cloud: Simulator;
beforeAll(async () => {
  cloud = await startSimulator({ port: 0, speed: 1, seed: 1, delays: 1 });
  await fetch(`${cloud.url}/simulator/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token: TOKEN, scopes: "*", expiry: null, revoked: false }),
  });
});
afterAll(() => cloud.close());

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "mds-mistyped-"));
});

const to = (argv: readonly string[], token = TOKEN): Promise<Spoken> =>
  speak([...argv, "--api-url", cloud.url], {
    LINODE_TOKEN: token,
    MAIDER_SWEEP_STATE: state,
    MAIDER_SWEEP_DB: join(state, "db.json"),
  });

function planFile(top: string): string {
  const file = join(state, "plan.yaml");
  const entry = `{gpu: ${GPU}, models: [${MODEL}], passes: 1}`;
  writeFileSync(file, `version: 1\nname: t\n${top}\nentries: [${entry}]\n`);
  return file;
}

test.each([
  ["g2-gpu-rtx4000a1-x", MODEL, `the GPU type g2-gpu-rtx4000a1-x is not known`],
  [GPU, "Qwen/Qwen2.5-Coder-7B-Instruct-AQW", "the size of Qwen/Qwen2.5-Coder-7B-Instruct-AQW"],
])("rebench of %s with %s is refused, and says what was meant", async (gpu, model, reason) => {
  const { code, stdout, stderr } = await to(["rebench", "--gpu", gpu, "--model", model, "--yes"]);
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain(reason);
  expect(stderr).toContain(`did you mean --gpu ${GPU} --model ${MODEL}?`);
  expect(stderr).not.toContain("nothing is stale");
});

test("a region that the API does not know is an error of the plan, in estimate and before a run writes", async () => {
  const file = planFile("regions: [us-ord, us-odr]\nbudget: {max_cost: 5}");
  for (const verb of ["estimate", "run"]) {
    const { code, stdout, stderr } = await to([verb, file]);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/no region `us-odr`[^]*entries\[0\][^]*did you mean us-ord\?/);
  }
  expect(readdirSync(state)).toEqual(["plan.yaml"]);
});

test("without live stock a region cannot be checked", () => {
  const plan = planWith(`[{gpu: ${GPU}, models: [${MODEL}]}]`, "regions: [us-odr]");
  expect(() => {
    checkRegions(plan, builtInMarket());
  }).not.toThrow();
});

test("a refused token is told, and prices and stock are read without it", async () => {
  const { code, stdout, stderr } = await to(["estimate", planFile(""), "--json"], "a-wrong-token");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ prices: "live" });
  expect(stderr).toMatch(/warning: the API refused the Linode token \(LINODE_TOKEN[^]*`run` needs/);
  expect(stderr).not.toContain("did not answer");
});

test("a run whose max_cost_per_entry pays for no entry is refused before anything is written", async () => {
  const { code, stderr } = await to([
    "run",
    planFile("budget: {max_cost: 5, max_cost_per_entry: 0.5}"),
  ]);
  expect(code).toBe(3);
  expect(stderr).toMatch(/max_cost_per_entry[^]*\$0\.50[^]*1\.04/);
  expect(readdirSync(state)).toEqual(["plan.yaml"]);
});
