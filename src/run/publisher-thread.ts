import { parentPort, workerData } from "node:worker_threads";
import type { BenchmarkRecord } from "../evidence/record.ts";
import { openDatabase } from "../results/store/database.ts";
import { errorText } from "../support/errors.ts";

/** Real. After the last pass of a VM its DELETE has the processor and the disk to itself for so long. */
const AFTER_YOU_MS = 300;

// In the order in which the passes ended; what came meanwhile is written in one go.
const database = openDatabase((workerData as { file: string }).file);
const waiting: BenchmarkRecord[] = [];
/** Of this sweep. They are given each time, so that what another program has overwritten comes back. */
const written: BenchmarkRecord[] = [];
let isWriting = false;
parentPort?.on("message", (record: BenchmarkRecord) => {
  waiting.push(record);
  if (isWriting) return;
  isWriting = true;
  setTimeout(() => void writeAll(), AFTER_YOU_MS);
});

async function writeAll(): Promise<void> {
  while (waiting.length > 0) {
    const records = waiting.splice(0);
    let answer: { readonly problem?: string } = {};
    try {
      written.push(...records);
      await database.publish(written);
    } catch (error) {
      answer = { problem: errorText(error) };
    }
    for (const _ of records) parentPort?.postMessage(answer);
  }
  isWriting = false;
}
