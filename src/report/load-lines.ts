import { loadResults } from "../evidence/load-result.ts";
import type { LoadResult } from "../evidence/load-result.ts";
import { median } from "../evidence/statistics.ts";
import type { ConfigurationResult } from "../results/query/configurations.ts";

/** Throughput of the server and speed for one user at each load, medians over the passes; empty without load levels. */
export function loadLines(results: readonly ConfigurationResult[]): string[] {
  return results.flatMap(({ gpu, model, records }) => {
    const levels = records.flatMap(({ summary }) => loadResults(summary));
    const byLoad = [...Map.groupBy(levels, ({ in_flight: inFlight }) => inFlight)];
    if (byLoad.length === 0) return [];
    const lines = byLoad
      .toSorted(([a], [b]) => a - b)
      .map(([inFlight, passes]) => `${String(inFlight)} in flight ${levelText(passes)}`);
    return [`${gpu} ${model}: ${lines.join("; ")}`];
  });
}

function levelText(passes: readonly LoadResult[]): string {
  const sound = passes.filter(({ verdict }) => verdict === "sound");
  const of = (key: "out_tps" | "per_user_tps"): string => {
    const values = sound.flatMap((pass) => pass[key] ?? []);
    return values.length === 0 ? "-" : median(values).toFixed(1);
  };
  const left = passes.length - sound.length;
  const note = left === 0 ? "" : `, ${String(left)} of ${String(passes.length)} passes not sound`;
  if (sound.length === 0) return `no figure${note}`;
  return `${of("out_tps")} tokens/s, ${of("per_user_tps")} for one user${note}`;
}
