import { expect, test } from "vitest";
import { nothingIsLeft, writesTo } from "../simulated/nothing-left.ts";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";

const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
const OTHER_MODEL = "Qwen/Qwen2.5-Coder-14B-Instruct-AWQ";
// Each is rented for one hour, and reserves two: $1.04, $3.06 and $1.34.
const CHEAP = "g2-gpu-rtx4000a1-s";
const DEAR = "g2-gpu-rtx4000a1-xl";
const MIDDLE = "g2-gpu-rtx4000a1-m";

const plan = (...entries: readonly (readonly [gpu: string, ...models: string[]])[]): string =>
  `version: 1
name: caps
budget: { max_cost: 20, max_hours_per_rental: 2 }
concurrency: 3
passes: 1
suites: [coding]
entries:
${entries.map(([gpu, ...models]) => `  - { gpu: ${gpu}, models: [${models.join(", ")}] }`).join("\n")}
`;

const world = (): Promise<SweepRun> => sweepRun(3, "--speed", "180", "--delays", "0.1");
const run = (
  rig: SweepRun,
  text: string,
  cap: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  rig.run("run", rig.plan(text), "--simulate", rig.url, "--max-cost", cap);
const measured = (rig: SweepRun): string[] =>
  rig
    .records()
    .map((record) => `${record.gpu_type} ${record.model_id}`)
    .toSorted();

test("a cap between the bill and the worst case runs everything, one after the other", async () => {
  await using rig = await world();
  // The bill is $1.19; both reservations together are $2.38.
  const text = plan([CHEAP, MODEL, OTHER_MODEL], [MIDDLE, MODEL]);
  const { code, stderr } = await run(rig, text, "2.20");
  expect(code).toBe(0);
  expect(measured(rig)).toEqual([
    `${MIDDLE} ${MODEL}`,
    `${CHEAP} ${OTHER_MODEL}`,
    `${CHEAP} ${MODEL}`,
  ]);
  const { vms, invoice } = await nothingIsLeft(rig, 2);
  expect(invoice.usd).toBeLessThanOrEqual(2.2);
  expect(vms.map(({ type }) => type)).toEqual([CHEAP, MIDDLE]);
  const [first, second] = vms;
  expect(Date.parse(second?.created ?? "")).toBeGreaterThanOrEqual(
    Date.parse(first?.deleted ?? ""),
  );
  expect(stderr).toMatch(new RegExp(`${MIDDLE}\\] waits for \\$1\\.34`));
});

test("a cap below the bill runs what fits, and lists the rest with the figures", async () => {
  await using rig = await world();
  // All three would be billed $2.72; the dear one never fits beside what the others leave.
  const text = plan([CHEAP, MODEL], [DEAR, MODEL], [MIDDLE, MODEL]);
  const { code, stdout } = await run(rig, text, "2.50");
  expect(code).toBe(5);
  expect(measured(rig)).toEqual([`${MIDDLE} ${MODEL}`, `${CHEAP} ${MODEL}`]);
  const { vms, invoice } = await nothingIsLeft(rig, 2);
  expect(vms.map(({ type }) => type).toSorted()).toEqual([MIDDLE, CHEAP]);
  expect(invoice.usd).toBeLessThanOrEqual(2.5);
  expect(stdout).toMatch(/budget: it needs \$3\.06, \$1\.31 are left of \$2\.50/);
  expect(stdout).toMatch(/rtx4000a1-xl.*not started/);
});

test("a cap below the cheapest entry is refused before any write, with a sufficient amount", async () => {
  await using rig = await world();
  const text = plan([DEAR, MODEL], [CHEAP, MODEL]);
  const refused = await run(rig, text, "0.60");
  expect(refused.code).toBe(3);
  expect(refused.stdout).toBe("");
  expect(refused.stderr).toMatch(/^warning: /m);
  expect(await writesTo(rig)).toEqual([]);
  const figure = /--max-cost (\d+\.\d\d) is enough/.exec(refused.stderr)?.[1] ?? "none";
  const { code } = await run(rig, text, figure);
  expect(code).toBe(5);
  expect(measured(rig)).toEqual([`${CHEAP} ${MODEL}`]);
  await nothingIsLeft(rig, 1);
});
