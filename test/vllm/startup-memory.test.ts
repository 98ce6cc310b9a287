import { expect, test } from "vitest";
import { startupMemory } from "../../src/vllm/startup-memory.ts";

const CACHE =
  "(Worker pid=187) INFO 11-24 [gpu_worker.py:424] Available KV cache memory: 6.91 GiB\n";
const CAPTURED =
  "INFO [gpu_model_runner.py:5480] Graph capturing finished in 9 secs, took 0.47 GiB\n";
const POOL =
  "INFO [gpu_worker.py:612] CUDA graph pool memory: 0.53 GiB (actual), 0.55 GiB (estimated), difference: 0.02 GiB (3.8%).\n";

test.each([
  ["a whole log", CACHE + CAPTURED + POOL, { cacheGib: 6.91, graphsGib: 0.53 }],
  ["a log without the pool, as before 0.19", CACHE + CAPTURED, { cacheGib: 6.91, graphsGib: 0.47 }],
  [
    "several workers, of which the fullest counts",
    CACHE + CACHE.replace("6.91", "6.52") + POOL + POOL.replace("0.53", "0.61"),
    { cacheGib: 6.52, graphsGib: 0.61 },
  ],
  ["no cache left", CACHE.replace("6.91", "-0.35"), { cacheGib: -0.35, graphsGib: undefined }],
  ["a start that ended early", "INFO banner\n", { cacheGib: undefined, graphsGib: undefined }],
])("memory is read from %s", (_, log, memory) => {
  expect(startupMemory(log)).toEqual(memory);
});
