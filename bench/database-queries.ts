import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeLargeDatabase } from "./large-database.ts";

const PROGRAM = fileURLToPath(new URL("../bin/maider-sweep.js", import.meta.url));
const RECORDS = 10_000;
const ROUNDS = 5;
const BARE = 'JSON.parse(require("fs").readFileSync(process.argv[1],"utf8"))';

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Compares queries of a large database with the time to read and parse it, alternating so that both meet the same load. */
export function databaseQueries() {
  const folder = mkdtempSync(join(tmpdir(), "mds-bench-db-"));
  const file = join(folder, "benchmark-database.json");
  const state = join(folder, "state");
  const timed = (argv: readonly string[]): number => {
    const begin = performance.now();
    const { status } = spawnSync(process.execPath, argv, {
      stdio: "ignore",
      env: { ...process.env, MAIDER_SWEEP_DB: file, MAIDER_SWEEP_STATE: state },
    });
    if (status !== 0) throw new Error(`${argv.join(" ")} ended with exit ${String(status)}`);
    return performance.now() - begin;
  };
  try {
    writeLargeDatabase(file, RECORDS);
    const rounds = Array.from({ length: ROUNDS }, () => {
      const bare = timed(["-e", BARE, file]);
      const [compare, status] = ["benchmark-compare", "benchmark-status"].map((verb) => {
        rmSync(state, { recursive: true, force: true });
        return { first: timed([PROGRAM, verb]), kept: timed([PROGRAM, verb]) };
      });
      return { bare, compare, status };
    });
    const bare = median(rounds.map((round) => round.bare));
    const against = (verb: "compare" | "status") => {
      const first = median(rounds.map((round) => round[verb]?.first ?? Number.NaN));
      const kept = median(rounds.map((round) => round[verb]?.kept ?? Number.NaN));
      return {
        first_to_bare: first / bare,
        kept_to_bare: kept / bare,
        first_ms: first,
        kept_ms: kept,
      };
    };
    return {
      megabytes: statSync(file).size / 1e6,
      bare_ms: bare,
      compare: against("compare"),
      status: against("status"),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
