import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { expect, it } from "vitest";
import { createRandom } from "../../src/simulator/world/random.ts";
import { asMarkdown, reportOn } from "../sweep/schedule/shard-report.ts";
import { shardProcess } from "../sweep/schedule/shard-process.ts";
import type { ShardResult } from "../sweep/schedule/shard.ts";

/** All of these can be said on the command line: `SCHEDULES=1000 SEED=7 LANES=1 npm run test:deep`. */
const SCHEDULES = Number(process.env["SCHEDULES"] ?? 100_000);
const SEED = Number(process.env["SEED"] ?? Date.now());
const LANES = Number(process.env["LANES"] ?? Math.min(2, availableParallelism()));
const SHARD = 5_000;
const HOURS_3 = 3 * 3_600_000;
const REPORTS = new URL("../../test-results/", import.meta.url);

function write(shards: readonly ShardResult[]): void {
  const report = reportOn(SCHEDULES, shards);
  mkdirSync(REPORTS, { recursive: true });
  const json = JSON.stringify({ ...report, shards }, undefined, 1);
  writeFileSync(new URL("schedules.json", REPORTS), json);
  writeFileSync(new URL("schedules.md", REPORTS), asMarkdown(report));
}

it(
  `after ${SCHEDULES} schedules of everything that can go wrong nothing is left, and no cap was passed`,
  { timeout: HOURS_3 },
  async () => {
    const random = createRandom(SEED);
    const seeds = Array.from({ length: Math.ceil(SCHEDULES / SHARD) }, () => random.below(2 ** 31));
    const waiting = seeds.entries();
    const done: ShardResult[] = [];
    const lane = async (): Promise<void> => {
      for (const [index, seed] of waiting) {
        const runs = Math.min(SHARD, SCHEDULES - index * SHARD);
        const shard = await shardProcess(seed, runs);
        done.push(shard);
        write(done);
        const end = `${shard.broken.length} with a broken promise`;
        process.stderr.write(`shard ${index + 1} of ${seeds.length}, seed ${seed}: ${end}\n`);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const broken = done.flatMap(({ seed, broken: all }) => all.map((each) => ({ seed, ...each })));
    expect(broken).toEqual([]);
    const { met, done: count } = reportOn(SCHEDULES, done);
    expect(count).toBe(SCHEDULES);
    // A kind of event that never took effect was not tried.
    expect(Object.entries(met).filter(([, times]) => times === 0)).toEqual([]);
  },
);
