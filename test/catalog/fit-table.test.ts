import { expect, test } from "vitest";
import { fitModel } from "../../src/catalog/fit-model.ts";
import { findGpuType } from "../../src/catalog/gpu-catalog.ts";
import { findModel } from "../../src/catalog/model-catalog.ts";

const COLUMNS = [
  "g1-gpu-rtx6000-1",
  "g1-gpu-rtx6000-2",
  "g1-gpu-rtx6000-3",
  "g1-gpu-rtx6000-4",
  "g2-gpu-rtx4000a1-s",
  "g2-gpu-rtx4000a2-s",
  "g2-gpu-rtx4000a4-s",
  "g3-gpu-rtxpro6000-blackwell-1",
  "g3-gpu-rtxpro6000-blackwell-2",
];

/**
 * Longest window, in units of 1,024 tokens, by model and GPU type. `/T2`: on only two of the GPUs; `/P3`: in three
 * pipeline stages; `?`: unknown.
 */
const TABLE = `
Qwen/Qwen2.5-Coder-7B-Instruct              | 32 | 32 | 32/T2 | 32 | 32 | 32 | 32 | 32 | 32
Qwen/Qwen2.5-Coder-7B-Instruct-AWQ          | 32 | 32 | 32/T2 | 32 | 32 | 32 | 32 | 32 | 32
Qwen/Qwen3-8B-AWQ                           | 40 | 40 | 40/T2 | 40 | 40 | 40 | 40 | 40 | 40
Qwen/Qwen3-8B-FP8                           | 40 | 40 | 40/T2 | 40 | 40 | 40 | 40 | 40 | 40
Qwen/Qwen3-8B                               | 21 | 40 | 40/T2 | 40 | 5 | 40 | 40 | 40 | 40
Qwen/Qwen3.5-9B                             | no | 256 | 256/T2 | 256 | no | 256 | 256 | 256 | 256
ibm-granite/granite-4.1-8b                  | 12 | 128 | 128/T2 | 128 | no | 100 | 128 | 128 | 128
Qwen/Qwen2.5-Coder-14B-Instruct-AWQ         | 32 | 32 | 32/T2 | 32 | 32 | 32 | 32 | 32 | 32
Qwen/Qwen3-14B-AWQ                          | 40 | 40 | 40/T2 | 40 | 40 | 40 | 40 | 40 | 40
Qwen/Qwen3-14B-FP8                          | 19 | 40 | 40/T2 | 40 | 5 | 40 | 40 | 40 | 40
Qwen/Qwen2.5-Coder-14B-Instruct             | no | 32 | 32/T2 | 32 | no | 24 | 32 | 32 | 32
microsoft/phi-4                             | no | 16 | 16/T2 | 16/T2 | no | 16 | 16/T2 | 16 | 16
deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct | no | 123 | 123/T2 | 160 | no | 47 | 160 | 160 | 160
openai/gpt-oss-20b                          | no | no | no | no | 67 | 128 | 128 | 128 | 128
stelterlab/Mistral-Small-24B-Instruct-2501-AWQ | 32 | 32 | 32/T2 | 32 | 17 | 32 | 32 | 32 | 32
mistralai/Devstral-Small-2505               | no | no | no | 128 | no | no | 128 | 128 | 128
Qwen/Qwen3-30B-A3B-GPTQ-Int4                | 28 | 40 | 40/T2 | 40 | 4 | 40 | 40 | 40 | 40
QuantTrio/Qwen3-Coder-30B-A3B-Instruct-AWQ  | 28 | 223 | 223/T2 | 256 | 4 | 175 | 256 | 256 | 256
Qwen/Qwen3-Coder-30B-A3B-Instruct-FP8       | no | 80 | 80/T2 | 80/T2 | no | 32 | 32/T2 | 256 | 256
Qwen/Qwen3-Coder-30B-A3B-Instruct           | no | no | no | 174 | no | no | 78 | 256 | 256
Intel/Qwen3.6-27B-int4-AutoRound            | 4 | 240 | 240/T2 | 256 | no | 177 | 256 | 256 | 256
Qwen/Qwen3.8-27B-FP8                        | no | 72 | 72/T2 | 256 | no | 10 | 256 | 256 | 256
Qwen/Qwen3.6-35B-A3B-FP8                    | no | no | no | 256 | no | no | 256 | 256 | 256
Qwen/Qwen2.5-Coder-32B-Instruct-AWQ         | no | 32 | 32/T2 | 32 | no | 32 | 32 | 32 | 32
Qwen/Qwen3-32B-AWQ                          | no | 40 | 40/T2 | 40 | no | 40 | 40 | 40 | 40
Qwen/Qwen3-32B-FP8                          | no | 18 | 18/T2 | 40 | no | no | 40 | 40 | 40
Qwen/Qwen2.5-Coder-32B-Instruct             | no | no | no | 32 | no | no | 12 | 32 | 32
google/gemma-4-31B-it                       | no | no | no | ? | no | no | 6 | 27 | 117
casperhansen/llama-3.3-70b-instruct-awq     | no | no | 48/P3 | 115 | no | no | 86 | 128 | 128
Qwen/Qwen2.5-72B-Instruct-AWQ               | no | no | 32/P3 | 32 | no | no | 32 | 32 | 32
RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic | no | no | no | 17 | no | no | no | 52 | 128
Qwen/Qwen3-Coder-Next-FP8                   | no | no | no | no | no | no | no | 256 | 256
openai/gpt-oss-120b                         | no | no | no | no | no | no | no | 128 | 128
`;

const cases = TABLE.trim()
  .split("\n")
  .flatMap((line) => {
    const [model = "", ...cells] = line.split("|").map((cell) => cell.trim());
    return cells.map((expected, column) => [model, COLUMNS[column] ?? "", expected] as const);
  })
  .filter(([, , expected]) => expected !== "?");

test("the table has a cell for every type", () => {
  expect(cases).toHaveLength(33 * 9 - 1);
});

test.each(cases)("%s on %s: %s", (modelId, gpuId, expected) => {
  const gpu = findGpuType(gpuId);
  const model = findModel(modelId);
  if (gpu === undefined || model === undefined) throw new Error("not in the catalogue");
  const fit = fitModel({
    gpu,
    model,
    gpuMemoryUtilization: 0.9,
    maxModelLen: undefined,
    preferredModelLen: model.maxPosition,
  });
  const tensor =
    fit.fits && fit.tensorParallel < Math.min(4, gpu.gpus) ? `/T${String(fit.tensorParallel)}` : "";
  const layout =
    fit.fits && fit.pipelineParallel > 1 ? `/P${String(fit.pipelineParallel)}` : tensor;
  expect(fit.fits ? `${String(Math.floor(fit.largestModelLen / 1024))}${layout}` : "no").toBe(
    expected,
  );
});
