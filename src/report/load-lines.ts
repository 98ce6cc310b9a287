import { median } from "../evidence/statistics.ts";
import type { LoadResult } from "../evidence/record.ts";
import type { ConfigurationResult } from "../results/query/configurations.ts";

/** Throughput of the server and speed for one user at each load, medians over the runs; empty without load levels. */
export function loadLines(results: readonly ConfigurationResult[]): string[] {
  return results.flatMap(({ gpu, model, records }) => {
    const levels = records.flatMap(({ summary }) => summary.load ?? []);
    const byLoad = [...Map.groupBy(levels, ({ concurrency }) => concurrency)];
    if (byLoad.length === 0) return [];
    const told = byLoad
      .toSorted(([a], [b]) => a - b)
      .map(([inFlight, runs]) => `${String(inFlight)} in flight ${levelText(runs)}`);
    return [`${gpu} ${model}: ${told.join("; ")}`];
  });
}

function levelText(runs: readonly LoadResult[]): string {
  // A level at which nothing came back has zeros in place of figures.
  const measured = runs.filter((run) => run.failed < run.requests);
  const of = (key: "out_tps" | "per_user_tps"): string =>
    median(measured.map((run) => run[key])).toFixed(1);
  const failed = runs.reduce((sum, run) => sum + run.failed, 0);
  const requests = runs.reduce((sum, run) => sum + run.requests, 0);
  const rate = failed === 0 ? "" : `, ${String(failed)} of ${String(requests)} requests failed`;
  if (measured.length === 0) return `no figure${rate}`;
  return `${of("out_tps")} tokens/s, ${of("per_user_tps")} for one user${rate}`;
}
