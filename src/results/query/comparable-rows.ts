import { COMPARABILITY_FIELDS, differingFields } from "../../evidence/comparability.ts";
import type { ComparabilityField, FieldDifference } from "../../evidence/comparability.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import type { ConfigurationResult } from "./configurations.ts";

/** A row that must not be held beside the others, and in what it differs from them. */
export interface ApartRow {
  readonly row: ConfigurationResult;
  /** `a` is what the ranked rows have. */
  readonly differences: readonly FieldDifference[];
}

/**
 * What rows must agree in when GPU types and models are what is compared. The other fields follow from that choice:
 * a Turing card has another dtype, a larger model a shorter window.
 */
const MUST_AGREE: readonly ComparabilityField[] = [
  "vllm_version",
  "kv_cache_dtype",
  "enforce_eager",
  "enable_prefix_caching",
  "enable_chunked_prefill",
  "suite",
  "method",
  "simulated",
];
const COMPARED = COMPARABILITY_FIELDS.filter((field) => !MUST_AGREE.includes(field));

/** The largest set of rows that agree, the newest among equals; the others with the fields that tell them apart. */
export function comparableRows(rows: readonly ConfigurationResult[]): {
  readonly rows: readonly ConfigurationResult[];
  readonly apart: readonly ApartRow[];
} {
  const agreeing = (leader: ConfigurationResult): readonly ConfigurationResult[] =>
    rows.filter((row) => differences(leader, row).length === 0);
  const best = rows
    .map((leader) => ({ leader, agree: agreeing(leader) }))
    .toSorted(
      (a, b) => b.agree.length - a.agree.length || (b.leader.lastMs ?? 0) - (a.leader.lastMs ?? 0),
    )[0];
  if (best === undefined) return { rows, apart: [] };
  const kept = new Set(best.agree);
  return {
    rows: best.agree,
    apart: rows
      .filter((row) => !kept.has(row))
      .map((row) => ({ row, differences: differences(best.leader, row) })),
  };
}

function differences(a: ConfigurationResult, b: ConfigurationResult): FieldDifference[] {
  const [newestA, newestB] = [a.records[0], b.records[0]] as [BenchmarkRecord, BenchmarkRecord];
  return differingFields(newestA, newestB, COMPARED);
}
