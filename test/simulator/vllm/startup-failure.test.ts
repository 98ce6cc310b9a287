import { describe, expect, test } from "vitest";
import { findGpuType, GPU_TYPES } from "../../../src/catalog/gpu-catalog.ts";
import { fitModel } from "../../../src/catalog/fit-model.ts";
import { MODELS } from "../../../src/catalog/model-catalog.ts";
import { diagnose } from "../../../src/vllm/diagnose.ts";
import { memoryPlan } from "../../../src/simulator/vllm/memory-plan.ts";
import { modelShape } from "../../../src/simulator/vllm/model-shape.ts";
import type { MachineFault } from "../../../src/simulator/faults/fault-scripts.ts";
import { type StartAttempt, startupFailure } from "../../../src/simulator/vllm/startup-failure.ts";
import { stampLog } from "../../../src/simulator/vllm/log-passages.ts";
import { banner } from "../../../src/simulator/vllm/start-log.ts";
import { serveJson } from "../ssh/test-vm.ts";

type Changes = Parameters<typeof serveJson>[0];

function failureOf(type: string, changes: Changes, more: Partial<StartAttempt> = {}) {
  const request = serveJson({ max_model_len: 4096, ...changes });
  const gpu = findGpuType(type)!;
  const model = modelShape(request.model);
  const plan = memoryPlan(request, gpu, model, 1);
  const facts = { request, gpu, model, plan, version: "0.27.1" };
  const failure = startupFailure({ ...facts, hasSecret: false, faultOf: () => undefined, ...more });
  const log = stampLog(banner(facts) + (failure?.log ?? ""), Date.UTC(2026, 10, 24));
  return { at: failure?.at, log };
}

/** A server to which one fault script applies. */
const only =
  (action: MachineFault["action"]): StartAttempt["faultOf"] =>
  (asked) =>
    asked === action ? { vm: {}, action } : undefined;

const ADA = "g2-gpu-rtx4000a1-s";
const FOUR_ADA = "g2-gpu-rtx4000a4-s";
const QUADRO = "g1-gpu-rtx6000-1";

/** Causes as the diagnosis names them: the log must say enough to distinguish them. */
test.each<[string, string, Changes, Partial<StartAttempt>]>([
  ["out of GPU memory", ADA, { model: "Qwen/Qwen2.5-Coder-32B-Instruct" }, {}],
  ["out of GPU memory", ADA, {}, { faultOf: only("out-of-memory") }],
  ["the weights leave no memory for the KV cache", ADA, { model: "Qwen/Qwen3.5-9B" }, {}],
  [
    "the context window does not fit: too little memory for its KV cache",
    ADA,
    { model: "Qwen/Qwen3-8B", max_model_len: 40_960 },
    {},
  ],
  ["the context window is longer than the model's own", ADA, { max_model_len: 40_000 }, {}],
  [
    "the attention heads cannot be divided evenly among the GPUs",
    FOUR_ADA,
    { tensor_parallel_size: 3 },
    {},
  ],
  [
    "the weights cannot be divided evenly among the GPUs",
    FOUR_ADA,
    { model: "microsoft/phi-4", tensor_parallel_size: 4 },
    {},
  ],
  [
    "the VM has fewer GPUs than the model is to be divided among",
    ADA,
    { tensor_parallel_size: 2 },
    {},
  ],
  ["the quantisation does not run on this card", QUADRO, { model: "openai/gpt-oss-20b" }, {}],
  ["the card has no bfloat16", QUADRO, { dtype: "bfloat16" }, {}],
  [
    "the model does not run in float16, and the card has no bfloat16",
    QUADRO,
    { model: "google/gemma-3-12b-it", dtype: "half" },
    { hasSecret: true },
  ],
  ["no attention backend runs on this card", QUADRO, { attention_backend: "FLASH_ATTN" }, {}],
  ["the key-value cache cannot be FP8 on this card", QUADRO, { kv_cache_dtype: "fp8" }, {}],
  [
    "the model is gated, and the token has no access",
    FOUR_ADA,
    { model: "meta-llama/Llama-3.1-8B-Instruct" },
    {},
  ],
  [
    "the model is gated, and the token has no access",
    ADA,
    {},
    { faultOf: only("gated"), hasSecret: true },
  ],
  ["the model or its revision does not exist", ADA, { model: "no-owner" }, {}],
  ["out of GPU memory", ADA, {}, { faultOf: only("graphs-out-of-memory") }],
  [
    "the model's states for max_num_seqs sequences do not fit in memory",
    ADA,
    {},
    { faultOf: only("too-many-seqs") },
  ],
])("%s (%s, %j)", (cause, type, changes, more) => {
  const { at, log } = failureOf(type, changes, more);
  expect(at).toBeDefined();
  expect(diagnose(log, 1).cause).toBe(cause);
});

test("the window that the log proposes does fit", () => {
  const changes = { model: "Qwen/Qwen3-8B", max_model_len: 40_960 };
  const { log } = failureOf(ADA, changes);
  const [, proposed] = /estimated maximum model length is (\d+)/.exec(log) ?? [];
  expect(failureOf(ADA, { ...changes, max_model_len: Number(proposed) }).at).toBeUndefined();
});

describe("what the plan's check lets through comes up", () => {
  test.each(GPU_TYPES.map(({ id }) => id))("%s", (id) => {
    const gpu = findGpuType(id)!;
    for (const model of MODELS) {
      const fit = fitModel({
        gpu,
        model,
        gpuMemoryUtilization: 0.9,
        maxModelLen: undefined,
        preferredModelLen: 32_768,
      });
      if (!fit.fits) continue;
      const { at } = failureOf(
        id,
        {
          model: model.id,
          tensor_parallel_size: fit.tensorParallel,
          pipeline_parallel_size: fit.pipelineParallel,
          max_model_len: fit.maxModelLen,
          dtype: fit.dtype,
          attention_backend: fit.attentionBackend ?? null,
        },
        { hasSecret: true },
      );
      expect([model.id, at]).toEqual([model.id, undefined]);
    }
  });
});
