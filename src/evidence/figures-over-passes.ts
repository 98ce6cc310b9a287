import type { BenchmarkRecord, CategoryResult } from "./record.ts";
import { distribution } from "./statistics.ts";
import type { Distribution } from "./statistics.ts";

/** Distributions over the passes of one configuration; undefined if no pass has the figure. */
export interface FiguresOverPasses {
  /** Completion tokens divided by the time of the whole request, as maider computes it. */
  readonly tokens_per_sec: Distribution | undefined;
  readonly decode_tps: Distribution | undefined;
  /** Seconds. Each pass contributes the median over its tests. */
  readonly ttft_s: Distribution | undefined;
  readonly tpot_s: Distribution | undefined;
  readonly e2e_s: Distribution | undefined;
}

/** Figures for all tests together, as `overall`, and for each category. Each pass contributes one value. */
export function figuresOverPasses(
  records: readonly BenchmarkRecord[],
): Readonly<Record<string, FiguresOverPasses>> {
  const categories = new Set(records.flatMap((record) => Object.keys(record.results_by_category)));
  return {
    overall: figures(records.map(({ summary }) => summary)),
    ...Object.fromEntries(
      [...categories].map((category) => [
        category,
        figures(
          records.flatMap((record) => record.results_by_category[category as "custom"] ?? []),
        ),
      ]),
    ),
  };
}

function figures(results: readonly CategoryResult[]): FiguresOverPasses {
  const over = (key: string): Distribution | undefined => {
    const values = results.flatMap((result) =>
      typeof result[key] === "number" && result[key] > 0 ? [result[key]] : [],
    );
    return values.length === 0 ? undefined : distribution(values);
  };
  return {
    tokens_per_sec: over("avg_tokens_per_sec"),
    decode_tps: over("decode_tps"),
    ttft_s: over("ttft_s"),
    tpot_s: over("tpot_s"),
    e2e_s: over("e2e_s"),
  };
}
