import { hasTuringCards } from "../../catalog/gpu-catalog.ts";
import {
  COMPARABILITY_FIELDS,
  differingFields,
  engineFacts,
  measurementFacts,
  type ComparabilityField,
  type FieldDifference,
} from "../../evidence/comparability.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import type { ConfigurationResult } from "./configurations.ts";

/** A row that cannot be compared with the ranked ones, and why. */
export interface IncomparableRow {
  readonly row: ConfigurationResult;
  /** `a` is the value of the ranked rows, `b` that of this row. */
  readonly differences: readonly FieldDifference[];
}

/**
 * Fields that must be equal to compare GPU types and models. Other fields follow from the GPU or the model: a Turing
 * card uses another dtype, a larger model a shorter context window.
 */
const REQUIRED_EQUAL = [
  "vllm_version",
  "kv_cache_dtype",
  "enforce_eager",
  "enable_prefix_caching",
  "enable_chunked_prefill",
  "suite",
  "method",
  "simulated",
] as const;
const IGNORED = COMPARABILITY_FIELDS.filter(
  (field) => !(REQUIRED_EQUAL as readonly ComparabilityField[]).includes(field),
);

/** Finds the largest set of comparable rows; among equally large sets, the one with the newest measurement. */
export function comparableRows(rows: readonly ConfigurationResult[]): {
  readonly rows: readonly ConfigurationResult[];
  readonly incomparable: readonly IncomparableRow[];
} {
  // Hundreds of rows have only a few distinct sets of facts, so it is enough to compare one row of each.
  const groups = [...Map.groupBy(rows, factsKey).values()].map((group) => ({
    rows: group,
    newest: group.reduce((a, b) => ((b.lastMs ?? 0) > (a.lastMs ?? 0) ? b : a)),
  }));
  const largest = groups
    .map(({ newest }) => {
      const matching = groups.filter((group) => differences(newest, group.newest).length === 0);
      const count = matching.reduce((sum, group) => sum + group.rows.length, 0);
      return { newest, matching, count };
    })
    .toSorted((a, b) => b.count - a.count || (b.newest.lastMs ?? 0) - (a.newest.lastMs ?? 0))[0];
  if (largest === undefined) return { rows, incomparable: [] };
  const comparable = new Set(largest.matching.flatMap((group) => group.rows));
  return {
    rows: rows.filter((row) => comparable.has(row)),
    incomparable: rows
      .filter((row) => !comparable.has(row))
      .map((row) => ({ row, differences: differences(largest.newest, row) })),
  };
}

function factsKey({ gpu, records }: ConfigurationResult): string {
  const { vllm_config, summary } = records[0] as BenchmarkRecord;
  const facts = { ...engineFacts(vllm_config), ...measurementFacts(summary) };
  const ignored = ignoredForGpu(gpu);
  return JSON.stringify(
    REQUIRED_EQUAL.map((field) => (ignored.includes(field) ? null : (facts[field] ?? null))),
  );
}

/** Turing cards are always served in eager mode, other cards with CUDA graphs. */
function ignoredForGpu(gpu: string): readonly ComparabilityField[] {
  return hasTuringCards(gpu) ? ["enforce_eager"] : [];
}

function differences(a: ConfigurationResult, b: ConfigurationResult): FieldDifference[] {
  const [newestA, newestB] = [a.records[0], b.records[0]] as [BenchmarkRecord, BenchmarkRecord];
  const ignored = [a, b].flatMap(({ gpu }) => ignoredForGpu(gpu));
  return differingFields(newestA, newestB, [...IGNORED, ...ignored]);
}
