import { parentPort, workerData } from "node:worker_threads";
import type { BenchmarkRecord } from "../evidence/record.ts";
import { openDatabase } from "../results/database.ts";
import { errorText } from "../support/errors.ts";

// One record after the other, in the order in which the passes ended.
const database = openDatabase((workerData as { file: string }).file);
let queue = Promise.resolve();
parentPort?.on("message", (record: BenchmarkRecord) => {
  queue = queue.then(async () => {
    try {
      await database.publish([record]);
      parentPort?.postMessage({});
    } catch (error) {
      parentPort?.postMessage({ problem: errorText(error) });
    }
  });
});
