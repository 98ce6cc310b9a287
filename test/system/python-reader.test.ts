import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { sweepRun } from "../simulated/sweep-run.ts";

const READER = fileURLToPath(new URL("python-reader.py", import.meta.url));
const FIXTURE = new URL("../../fixtures/benchmark-database.v1.json", import.meta.url);
/** Nine and a half hours behind UTC all year, so that neither hours nor minutes can be right by chance. */
const ZONE = { TZ: "Pacific/Marquesas" };

interface Reading {
  /** `local`: seconds between the time without a zone, read in this zone, and `finished_utc`. */
  readonly kept: readonly { readonly id: string; readonly local: number | null }[];
  readonly dropped: readonly string[];
}

function readByPython(file: string): Reading {
  const env = { PATH: process.env["PATH"] ?? "", ...ZONE };
  return JSON.parse(execFileSync("python3", [READER, file], { env, encoding: "utf8" })) as Reading;
}

test("the Python tool reads what a sweep adds to its database, and drops nothing", async () => {
  const { benchmarks } = JSON.parse(readFileSync(FIXTURE, "utf8")) as {
    benchmarks: { id: string }[];
  };
  await using rig = await sweepRun(7);
  rig.keep(benchmarks);
  const { code } = await rig.run("run", "plans/quick.yaml", "--simulate", rig.url, ZONE);
  expect(code).toBe(0);
  const records = rig.records();
  expect(records.slice(0, benchmarks.length)).toEqual(benchmarks);

  const { kept, dropped } = readByPython(rig.database);
  expect(dropped).toEqual([]);
  expect(kept.map(({ id }) => id)).toEqual(records.map(({ id }) => id));
  expect(kept).toHaveLength(benchmarks.length + 1);
  expect(kept.at(-1)?.local).toBeLessThan(0.002);

  // One key more at the top, and it would be gone: that is what the others were held against.
  rig.keep([...records, { ...records[0], id: "one-key-more", note: "" }]);
  expect(readByPython(rig.database).dropped).toEqual(["one-key-more"]);
});
