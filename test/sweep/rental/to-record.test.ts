import { expect, it } from "vitest";
import type { BenchmarkRecord } from "../../../src/evidence/record.ts";
import type { ServerReady } from "../../../src/sweep/ports.ts";
import { simulatedSweep } from "../simulated-sweep.ts";

/** The record of a pass on a server that says this of itself. */
async function recordOf(
  settings: ServerReady["engine"]["settings"],
  maxModelLen?: number,
): Promise<BenchmarkRecord> {
  await using sweep = await simulatedSweep({
    entries: "[{ gpu: g2-gpu-rtx4000a2-s, models: [Qwen/Qwen2.5-Coder-32B-Instruct-AWQ] }]",
    engine: "{}",
    passes: 1,
    change: ({ machines }) => ({
      machines: {
        ...machines,
        waitForServer: async (machine, options, signal) => {
          const served = await machines.waitForServer(machine, options, signal);
          if (!served.ready) return served;
          const [configuration] = sweep.estimate.rentals[0]?.configurations ?? [];
          const window = maxModelLen ?? configuration?.engine.maxModelLen ?? 0;
          return { ...served, maxModelLen: window, engine: { ...served.engine, settings } };
        },
      },
    }),
  });
  await sweep.run();
  const [pass] = sweep.ofType("pass.finished");
  if (pass === undefined) throw new Error("nothing was measured");
  return pass.record;
}

it("says that the GPUs were without peer-to-peer access, in the key too", async () => {
  const [on, off] = [await recordOf({}), await recordOf({ disable_custom_all_reduce: true })];
  expect(on.vllm_config).not.toHaveProperty("nccl_p2p_disable");
  expect(off.vllm_config).toMatchObject({
    disable_custom_all_reduce: true,
    nccl_p2p_disable: true,
  });
  expect(off.summary.key).not.toBe(on.summary.key);
});

it("says which window was asked for where less fitted", async () => {
  expect((await recordOf({})).vllm_config).not.toHaveProperty("max_model_len_asked");
  const { vllm_config } = await recordOf({}, 9_216);
  expect(vllm_config.max_model_len).toBe(9_216);
  expect(vllm_config.max_model_len_asked).toBeGreaterThan(9_216);
});

it("has the local time of the moment, though the offset of the time zone changes during a sweep", async () => {
  const offsets = new Map<number, number>();
  await using sweep = await simulatedSweep({
    passes: 2,
    change: () => ({
      timeZoneOffsetMinutes: (epochMs) => {
        offsets.set(epochMs, -60 * (offsets.size + 1));
        return offsets.get(epochMs) ?? 0;
      },
    }),
  });
  await sweep.run();
  const records = sweep.ofType("pass.finished").map(({ record }) => record);
  expect(records).toHaveLength(2);
  for (const [index, { summary, timestamp }] of records.entries()) {
    const localMs = Date.parse(summary.finished_utc ?? "") + (index + 1) * 3_600_000;
    expect(timestamp.slice(0, 19)).toBe(new Date(localMs).toISOString().slice(0, 19));
  }
});
