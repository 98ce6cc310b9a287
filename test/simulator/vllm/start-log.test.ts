import { expect, test } from "vitest";
import { findGpuType } from "../../../src/catalog/gpu-catalog.ts";
import { logPassage, passageTitles, stampLog } from "../../../src/simulator/vllm/log-passages.ts";
import { memoryPlan } from "../../../src/simulator/vllm/memory-plan.ts";
import { modelShape } from "../../../src/simulator/vllm/model-shape.ts";
import { planStart } from "../../../src/simulator/vllm/vllm-start.ts";
import { startupFacts } from "../../../src/vllm/startup-facts.ts";
import { serveJson } from "../ssh/test-vm.ts";

function logOf(type: string, changes: Parameters<typeof serveJson>[0] = {}): string {
  const request = serveJson(changes);
  const gpu = findGpuType(type)!;
  const model = modelShape(request.model);
  const start = planStart({
    request,
    version: "0.27.1",
    gpu,
    model,
    plan: memoryPlan(request, gpu, model, 1),
    hasSecret: true,
    faultOf: () => undefined,
    startMs: 0,
    loadMs: 100_000,
    downloadMs: 20_000,
  });
  return start.log.map(({ atMs, text }) => stampLog(text, atMs)).join("");
}

test("a start that succeeds logs vLLM's settings", () => {
  const log = logOf("g1-gpu-rtx6000-1");
  expect(startupFacts(log)).toMatchObject({
    dtype: "float16",
    quantization: "awq_marlin",
    attentionBackend: "TRITON_ATTN",
    settings: { max_seq_len: 16_384, enforce_eager: false, kv_cache_dtype: "auto" },
  });
  expect(log).toContain("doesn't support torch.bfloat16");
  expect(log).toMatch(/GPU KV cache size: [\d,]+ tokens, Maximum concurrency for 16,384 tokens/);
  expect(log).toContain("Graph capturing finished");
  expect(log.endsWith("INFO:     Application startup complete.\n")).toBe(true);
  expect(log).not.toContain("{{");
});

test("only what differs from vLLM's defaults is among the arguments, in Python's spelling", () => {
  const log = logOf("g2-gpu-rtx4000a1-s", { enforce_eager: true, max_num_seqs: 32 });
  expect(log).toContain("'enforce_eager': True, ");
  expect(log).toContain("'max_num_seqs': 32}");
  expect(log).not.toContain("'quantization'");
  expect(log).not.toContain("Graph capturing finished");
});

test("a line has the time at which it is written, in UTC", () => {
  const log = stampLog(logPassage("engine died"), Date.UTC(2026, 10, 24, 7, 8, 9));
  expect(log).toContain(
    "ERROR 11-24 07:08:09 [core.py:1540] EngineCore encountered a fatal error.",
  );
});

test("an unknown title and a placeholder without a value are errors", () => {
  expect(() => logPassage("no such passage")).toThrow("no such passage");
  expect(() => logPassage("world size", { world: 2 })).toThrow("no value for gpus");
  expect(new Set(passageTitles()).size).toBe(passageTitles().length);
});
