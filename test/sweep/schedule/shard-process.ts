import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ShardResult } from "./shard.ts";

const SCRIPT = fileURLToPath(new URL("run-shard.ts", import.meta.url));
const MOST_BYTES = 2 ** 28;

/** A shard in a process of its own, which gives its memory back at its end. */
export async function shardProcess(seed: number, runs: number): Promise<ShardResult> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [SCRIPT, "--seed", String(seed), "--runs", String(runs)],
    { maxBuffer: MOST_BYTES },
  );
  return JSON.parse(stdout) as ShardResult;
}
