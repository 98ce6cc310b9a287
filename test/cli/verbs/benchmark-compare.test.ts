import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BenchmarkRecord } from "../../../src/evidence/record.ts";
import { sampleRecord } from "../../results/sample-record.ts";
import { speak } from "../fake-terminal.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mds-force-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function compare(records: readonly BenchmarkRecord[], ...argv: string[]): Promise<string> {
  const file = join(folder, "db.json");
  writeFileSync(file, JSON.stringify({ version: "1.0", benchmarks: records }));
  const spoken = await speak(
    ["benchmark-compare", "--db", file, "--state-dir", join(folder, "state"), ...argv],
    { HOME: folder },
  );
  expect(spoken).toMatchObject({ code: 0, stderr: "" });
  return spoken.stdout;
}

const ranking = (text: string): string => text.slice(0, text.indexOf("Total results"));

const older = sampleRecord({ gpu: "g2-gpu-rtx4000a1-s", speed: 40 });
const other = sampleRecord({ gpu: "g2-gpu-rtx4000a2-s", speed: 50 });
const newer = sampleRecord({
  gpu: "g1-gpu-rtx6000-1",
  speed: 60,
  vllm: { vllm_version: "0.32.0" },
});

test("results of another vLLM are not ranked with the rest, and the field that differs is printed", async () => {
  const text = await compare([older, other, newer]);
  expect(ranking(text)).toContain("rtx4000a2-s");
  expect(ranking(text)).not.toContain("rtx6000-1");
  expect(text).toContain(
    "rtx6000-1 Coder-7B: 60.0 tokens/s: vllm_version 0.32.0 instead of 0.27.1",
  );
});

test("--force ranks them together and says so", async () => {
  const text = await compare([older, other, newer], "--force");
  expect(ranking(text).indexOf("rtx6000-1")).toBeLessThan(ranking(text).indexOf("rtx4000a2-s"));
  expect(text).toContain("Ranked together because of --force:");
  expect(text).toMatch(/Note: .*vllm_version 0\.(27\.1, 0\.32\.0|32\.0, 0\.27\.1)/);
});

test("what follows from the choice of GPU and model keeps nothing apart", async () => {
  const turing = sampleRecord({ gpu: "g1-gpu-rtx6000-1", vllm: { dtype: "float16" } });
  const text = await compare([
    { ...older, vllm_config: { ...older.vllm_config, dtype: "bfloat16" } },
    turing,
  ]);
  expect(text).not.toContain("--force");
});
