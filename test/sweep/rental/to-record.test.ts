import { expect, it } from "vitest";
import { standardSuite } from "../../../src/evidence/standard-suite.ts";
import type { BenchmarkRecord } from "../../../src/evidence/record.ts";
import type { PassResult } from "../../../src/evidence/pass.ts";
import type { ServerReady } from "../../../src/sweep/ports.ts";
import { toRecord } from "../../../src/sweep/rental/to-record.ts";
import { planWith } from "../../plan/a-plan.ts";
import { rentalSettings, simulatedRental } from "./simulated-rental.ts";

const GPU = "g2-gpu-rtx4000a2-s";
const MODEL = "Qwen/Qwen2.5-Coder-32B-Instruct-AWQ";

/** The record of a pass on a server that says this of itself. */
async function recordOf(
  settings: ServerReady["engine"]["settings"],
  maxModelLen?: number,
): Promise<BenchmarkRecord> {
  const configuration = planWith(`[{ gpu: ${GPU}, models: [${MODEL}] }]`).entries[0]
    ?.configurations[0];
  if (configuration === undefined) throw new Error(`${MODEL} does not run on ${GPU}`);
  await using rental = await simulatedRental({ gpu: GPU });
  const machine = await rental.bringUp();
  const signal = new AbortController().signal;
  const facts = await machine.facts(signal);
  const [startedMs, finishedMs] = [rental.clock.now(), rental.clock.now() + 60_000];
  const verdict = { state: "sound" as const, reasons: [] };
  const pass: PassResult = { tests: [], verdict, load: [], startedMs, finishedMs, rttS: 0.01 };
  const served: ServerReady = {
    ready: true,
    vllmVersion: "0.27.1",
    maxModelLen: maxModelLen ?? configuration.engine.maxModelLen,
    imageDigest: undefined,
    revision: undefined,
    engine: { dtype: "float16", quantization: "awq_marlin", attentionBackend: undefined, settings },
    downloadSeconds: 1,
    seconds: 2,
  };
  const job = { label: rental.vm.label, region: "us-ord", priceMicroUsd: 1_050_000, configuration };
  const suite = standardSuite(["coding"]);
  return toRecord({ pass, job, served, facts, suite }, rental.ports, rentalSettings());
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
