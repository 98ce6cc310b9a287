import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { readPlan } from "../../../src/plan/read-plan.ts";
import { skipFresh, wantedConfiguration } from "../../../src/run/preflight/skip-fresh.ts";
import { sampleRecord } from "../../results/sample-record.ts";

const text = await readFile(new URL("../../../plans/refresh.yaml", import.meta.url), "utf8");
const reading = readPlan(text, "refresh.yaml");
if (!reading.ok) throw new Error("plans/refresh.yaml cannot be read");
const { plan } = reading;
const options = { suite: "standard-1", nowMs: Date.UTC(2026, 10, 24) };

/** The record that a pass of the plan's first configuration would give. */
function recordOfFirst(finished: string) {
  const [configuration] = plan.entries[0]?.configurations ?? [];
  if (configuration === undefined) throw new Error("no configuration");
  const wanted = wantedConfiguration(configuration, options.suite);
  return sampleRecord({
    gpu: wanted.gpu,
    model: wanted.model,
    vllm: {
      max_model_len: wanted.maxModelLen ?? 0,
      tensor_parallel_size: wanted.tensorParallel ?? 0,
      gpu_memory_utilization: wanted.gpuMemoryUtilization ?? 0,
      dtype: "torch.float16",
      quantization: "awq_marlin",
    },
    summary: { finished_utc: finished },
  });
}

describe("skipFresh", () => {
  it("leaves a plan alone of which the database knows nothing", () => {
    expect(skipFresh(plan, [], options)).toEqual(plan);
  });

  it("leaves out what is fresh, visibly, and the entry with it when nothing is left of it", () => {
    const records = Array.from({ length: 3 }, () => recordOfFirst("2026-11-20T00:00:00Z"));
    const rest = skipFresh(plan, records, options);
    expect(rest.entries).toEqual(plan.entries.slice(1));
    expect(rest.skipped).toEqual([
      {
        gpu: "g2-gpu-rtx4000a1-s",
        model: "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ",
        reason: "fresh in the database",
      },
    ]);
  });

  it("keeps what is old or has too few passes", () => {
    const few = Array.from({ length: 2 }, () => recordOfFirst("2026-11-20T00:00:00Z"));
    const old = Array.from({ length: 3 }, () => recordOfFirst("2026-10-01T00:00:00Z"));
    expect(skipFresh(plan, few, options).entries).toHaveLength(plan.entries.length);
    expect(skipFresh(plan, old, options).entries).toHaveLength(plan.entries.length);
  });
});
