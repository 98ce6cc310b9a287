import { parseArgs } from "node:util";
import { runShard } from "./shard.ts";

// A process of its own: `node test/sweep/schedule/run-shard.ts --seed 1 --runs 5000 [--only 17]`.
const { values } = parseArgs({
  options: { seed: { type: "string" }, runs: { type: "string" }, only: { type: "string" } },
});
const only = values.only === undefined ? undefined : Number(values.only);
const result = await runShard(Number(values.seed ?? 1), Number(values.runs ?? 100), only);
process.stdout.write(`${JSON.stringify(result)}\n`);
