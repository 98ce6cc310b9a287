import { figuresOverPasses } from "./figures-over-passes.ts";
import type { FiguresOverPasses } from "./figures-over-passes.ts";
import type { LoadRequests } from "./load-result.ts";
import type { BenchmarkRecord, CategoryResult } from "./record.ts";

/** A pass, or a void attempt at one, with all its measurements. */
export interface MeasuredPass {
  /** Counts from 1. */
  readonly pass: number;
  readonly record: BenchmarkRecord;
  /** The requests of its load levels, one by one. */
  readonly loadRequests: readonly LoadRequests[];
}

/** A pass in the file. GPU, model and engine are stated once for the entire file. */
export interface PassInFile extends Pick<
  BenchmarkRecord,
  "id" | "timestamp" | "summary" | "tests"
> {
  readonly pass: number;
  readonly results_by_category: Readonly<Record<string, object>>;
  readonly load_requests: readonly LoadRequests[];
}

/** Contents of `.benchmark-results.json`: maider's nine keys, then further ones. */
export interface BenchmarkFile {
  readonly timestamp: string;
  readonly session: string | null;
  readonly model: string;
  readonly vm_type: string | null;
  /** US dollars; null, like all costs, if no price was given. */
  readonly hourly_cost: number | null;
  /** `all` or a category. */
  readonly category_filter: string;
  /** Of the newest sound pass. If none is sound, of the last pass or void attempt that measured a test. */
  readonly results_by_category: Readonly<Record<string, object>>;
  readonly summary: object;
  readonly tests: BenchmarkRecord["tests"];
  readonly api_base: string;
  readonly vllm_config: BenchmarkRecord["vllm_config"];
  /** Over the sound passes. */
  readonly figures: Readonly<Record<string, FiguresOverPasses>>;
  /** Sound and failed passes, oldest first. */
  readonly passes: readonly PassInFile[];
  /** Attempts that were void or interrupted. Do not use their figures. */
  readonly void_passes: readonly PassInFile[];
  /** Ids of the records in the database. */
  readonly saved: readonly string[];
  /** Why the figures of `summary` are not sound; null if they are. Unsound figures are neither ranked nor recorded. */
  readonly not_sound: string | null;
  /** Why there are fewer passes than requested; null if there are not. */
  readonly incomplete: string | null;
}

/** Requires at least one element in `passes` or `voided`. */
export function benchmarkFile(facts: {
  readonly passes: readonly MeasuredPass[];
  readonly voided: readonly MeasuredPass[];
  readonly session: string | undefined;
  readonly categoryFilter: string;
  readonly apiBase: string;
  readonly priced: boolean;
  readonly saved: readonly string[];
  readonly incomplete: string | undefined;
}): BenchmarkFile {
  const { passes, voided, priced } = facts;
  const records = passes.map(({ record }) => record);
  const sound = records.filter(({ summary }) => summary.verdict?.state === "sound");
  const others = [...voided.map(({ record }) => record), ...records];
  const shown = (sound.at(-1) ?? others.findLast(hasFigures) ?? others.at(-1)) as BenchmarkRecord;
  const costed = (figures: CategoryResult): object =>
    priced ? figures : { ...figures, cost_per_1k_tokens: null };
  const summaryOf = (record: BenchmarkRecord): BenchmarkRecord["summary"] =>
    ({
      ...record.summary,
      ...(priced ? {} : { cost_per_1k_tokens: null, price_usd_per_hour: null }),
      ...(hasFigures(record) ? {} : NOTHING_MEASURED),
    }) as BenchmarkRecord["summary"];
  const categoriesOf = (record: BenchmarkRecord): Readonly<Record<string, object>> =>
    Object.fromEntries(
      Object.entries(record.results_by_category).map(([name, figures]) => [name, costed(figures)]),
    );
  const inFile = ({ pass, record, loadRequests }: MeasuredPass): PassInFile => ({
    pass,
    id: record.id,
    timestamp: record.timestamp,
    results_by_category: categoriesOf(record),
    summary: summaryOf(record),
    tests: record.tests,
    load_requests: loadRequests,
  });
  return {
    timestamp: shown.timestamp,
    session: facts.session ?? null,
    model: shown.model_id,
    vm_type: priced ? shown.gpu_type : null,
    hourly_cost: priced ? shown.hourly_cost : null,
    category_filter: facts.categoryFilter,
    results_by_category: categoriesOf(shown),
    summary: summaryOf(shown),
    tests: shown.tests,
    api_base: facts.apiBase,
    vllm_config: shown.vllm_config,
    figures: figuresOverPasses(sound),
    passes: passes.map(inFile),
    void_passes: voided.map(inFile),
    saved: facts.saved,
    not_sound: whyNotSound(shown),
    incomplete: facts.incomplete ?? null,
  };
}

/** A zero would look like a measurement. */
const NOTHING_MEASURED = { avg_tokens_per_sec: null, total_time: null, cost_per_1k_tokens: null };

/** False if every test of the pass failed or did not apply. */
export function hasFigures({ summary }: Pick<BenchmarkRecord, "summary">): boolean {
  return summary.tests_passed > 0;
}

function whyNotSound({ summary }: BenchmarkRecord): string | null {
  const { verdict, tests_passed: passed, tests_total: total } = summary;
  if (verdict?.state === "sound") return null;
  const reasons = verdict?.reasons.join("; ") ?? "the pass has no verdict";
  if (verdict?.state === "void") return `the pass was void: ${reasons}`;
  return total > passed ? `${String(total - passed)} of ${String(total)} tests failed` : reasons;
}
