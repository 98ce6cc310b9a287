import { figuresOverPasses } from "./figures-over-passes.ts";
import type { FiguresOverPasses } from "./figures-over-passes.ts";
import type { BenchmarkRecord, CategoryResult } from "./record.ts";

/** What `.benchmark-results.json` holds: the guide's nine keys, then ours. */
export interface BenchmarkFile {
  readonly timestamp: string;
  readonly session: string | null;
  readonly model: string;
  readonly vm_type: string | null;
  /** US dollars; null, as are all costs, when nobody gave a price. */
  readonly hourly_cost: number | null;
  /** `all` or a category. */
  readonly category_filter: string;
  /** Of the newest sound pass; when none is sound, of the last one that measured a test. */
  readonly results_by_category: Readonly<Record<string, object>>;
  readonly summary: object;
  readonly tests: BenchmarkRecord["tests"];
  readonly api_base: string;
  readonly vllm_config: BenchmarkRecord["vllm_config"];
  /** Over the sound passes. */
  readonly figures: Readonly<Record<string, FiguresOverPasses>>;
  readonly passes: readonly Pick<BenchmarkRecord, "id" | "summary">[];
  /** Ids of the records in the database. */
  readonly saved: readonly string[];
  /** Why the figures of `summary` are not sound, so never ranked nor recorded; null when they are. */
  readonly not_sound: string | null;
  /** Why the passes that were asked for are not all there; null when they are. */
  readonly incomplete: string | null;
}

/** `records`: every pass that was not void, at least one, in their order. */
export function benchmarkFile(facts: {
  readonly records: readonly BenchmarkRecord[];
  readonly session: string | undefined;
  readonly categoryFilter: string;
  readonly apiBase: string;
  readonly priced: boolean;
  readonly saved: readonly string[];
  readonly incomplete: string | undefined;
}): BenchmarkFile {
  const { records, priced } = facts;
  const sound = records.filter(({ summary }) => summary.verdict?.state === "sound");
  const shown = (sound.at(-1) ?? records.findLast(hasFigures) ?? records.at(-1)) as BenchmarkRecord;
  const costed = (figures: CategoryResult): object =>
    priced ? figures : { ...figures, cost_per_1k_tokens: null };
  const summaryOf = (record: BenchmarkRecord): BenchmarkRecord["summary"] =>
    ({
      ...record.summary,
      ...(priced ? {} : { cost_per_1k_tokens: null, price_usd_per_hour: null }),
      ...(hasFigures(record) ? {} : NOTHING_MEASURED),
    }) as BenchmarkRecord["summary"];
  return {
    timestamp: shown.timestamp,
    session: facts.session ?? null,
    model: shown.model_id,
    vm_type: priced ? shown.gpu_type : null,
    hourly_cost: priced ? shown.hourly_cost : null,
    category_filter: facts.categoryFilter,
    results_by_category: Object.fromEntries(
      Object.entries(shown.results_by_category).map(([name, figures]) => [name, costed(figures)]),
    ),
    summary: summaryOf(shown),
    tests: shown.tests,
    api_base: facts.apiBase,
    vllm_config: shown.vllm_config,
    figures: figuresOverPasses(sound),
    passes: records.map((record) => ({ id: record.id, summary: summaryOf(record) })),
    saved: facts.saved,
    not_sound: whyNotSound(shown),
    incomplete: facts.incomplete ?? null,
  };
}

/** A zero would read as a figure. */
const NOTHING_MEASURED = { avg_tokens_per_sec: null, total_time: null, cost_per_1k_tokens: null };

/** False when every test of the pass failed or did not apply. */
export function hasFigures({ summary }: Pick<BenchmarkRecord, "summary">): boolean {
  return summary.tests_passed > 0;
}

function whyNotSound({ summary }: BenchmarkRecord): string | null {
  const { verdict, tests_passed: passed, tests_total: total } = summary;
  if (verdict?.state === "sound") return null;
  const failed = total - passed;
  const tests = `${String(failed)} of ${String(total)} tests failed`;
  return failed > 0 ? tests : (verdict?.reasons.join("; ") ?? "it has no verdict");
}
