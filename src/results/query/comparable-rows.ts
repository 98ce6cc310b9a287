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

/** A row that cannot be compared with the others, and why. */
export interface ApartRow {
  readonly row: ConfigurationResult;
  /** `a` is what the ranked rows have. */
  readonly differences: readonly FieldDifference[];
}

/**
 * Fields that must agree when comparing GPU types and models. The other fields depend on these: a Turing card uses
 * another dtype, a larger model a shorter window.
 */
const MUST_AGREE = [
  "vllm_version",
  "kv_cache_dtype",
  "enforce_eager",
  "enable_prefix_caching",
  "enable_chunked_prefill",
  "suite",
  "method",
  "simulated",
] as const;
const COMPARED = COMPARABILITY_FIELDS.filter(
  (field) => !(MUST_AGREE as readonly ComparabilityField[]).includes(field),
);

/** Finds the largest set of comparable rows, or the newest of equally large ones. The other rows are `apart`. */
export function comparableRows(rows: readonly ConfigurationResult[]): {
  readonly rows: readonly ConfigurationResult[];
  readonly apart: readonly ApartRow[];
} {
  // Hundreds of rows share a few sets of facts, so compare one row of each set.
  const alike = [...Map.groupBy(rows, factsText).values()].map((group) => ({
    rows: group,
    leader: group.reduce((a, b) => ((b.lastMs ?? 0) > (a.lastMs ?? 0) ? b : a)),
  }));
  const best = alike
    .map(({ leader }) => {
      const agreeing = alike.filter((other) => differences(leader, other.leader).length === 0);
      return { leader, agreeing, count: agreeing.reduce((sum, one) => sum + one.rows.length, 0) };
    })
    .toSorted((a, b) => b.count - a.count || (b.leader.lastMs ?? 0) - (a.leader.lastMs ?? 0))[0];
  if (best === undefined) return { rows, apart: [] };
  const agreeing = new Set(best.agreeing.flatMap((group) => group.rows));
  return {
    rows: rows.filter((row) => agreeing.has(row)),
    apart: rows
      .filter((row) => !agreeing.has(row))
      .map((row) => ({ row, differences: differences(best.leader, row) })),
  };
}

function factsText({ gpu, records }: ConfigurationResult): string {
  const { vllm_config, summary } = records[0] as BenchmarkRecord;
  const facts = { ...engineFacts(vllm_config), ...measurementFacts(summary) };
  const follows = followsFromCard(gpu);
  return JSON.stringify(
    MUST_AGREE.map((field) => (follows.includes(field) ? null : (facts[field] ?? null))),
  );
}

/** Turing is served in eager mode, where other cards have graphs. */
function followsFromCard(gpu: string): readonly ComparabilityField[] {
  return hasTuringCards(gpu) ? ["enforce_eager"] : [];
}

function differences(a: ConfigurationResult, b: ConfigurationResult): FieldDifference[] {
  const [newestA, newestB] = [a.records[0], b.records[0]] as [BenchmarkRecord, BenchmarkRecord];
  const follows = [a, b].flatMap(({ gpu }) => followsFromCard(gpu));
  return differingFields(newestA, newestB, [...COMPARED, ...follows]);
}
