import { differingFields } from "../../evidence/comparability.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import type { ConfigurationResult } from "./configurations.ts";

/** Reasons why rows may not be comparable, for the user. */
export function comparabilityWarnings(
  rows: readonly ConfigurationResult[],
  category: string | undefined,
): string[] {
  const records = rows.flatMap((row) => row.records);
  const found: string[] = [];
  const written = new Set(records.map((record) => Object.keys(record.results_by_category).join()));
  const sets = new Set([...written].map((names) => names.split(",").toSorted().join(", ")));
  if (category === undefined && sets.size > 1)
    found.push(
      `these passes hold different categories (${[...sets].join(" / ")}); -t compares one`,
    );
  const differ = (name: string, values: readonly (string | undefined)[]): void => {
    const known = new Set(values.map((value) => value ?? "unknown"));
    if (known.size > 1) found.push(`measured in different ways: ${name} ${[...known].join(", ")}`);
  };
  differ(
    "suite",
    records.map(({ summary }) => summary.suite),
  );
  differ(
    "method",
    records.map(({ summary }) => summary.method),
  );
  differ(
    "vllm_version",
    records.map(({ vllm_config }) => vllm_config.vllm_version),
  );
  if (new Set(rows.map(({ simulated }) => simulated)).size > 1)
    found.push("SIMULATED and real results are mixed");
  return [...found, ...rowsOfOnePair(rows)];
}

/** Explains how rows with the same GPU type and model differ. */
function rowsOfOnePair(rows: readonly ConfigurationResult[]): string[] {
  const pairs = Map.groupBy(rows, ({ gpu, model }) => `${gpu} ${model}`);
  return [...pairs].flatMap(([pair, group]) => {
    const [first, ...others] = group.flatMap(({ records }) => records.slice(0, 1));
    if (first === undefined || others.length === 0) return [];
    const fields = new Map<string, Set<string>>();
    for (const other of others) {
      for (const { field, a, b } of differingFields(first, other)) {
        const values = fields.get(field) ?? new Set([String(a)]);
        fields.set(field, values.add(String(b)));
      }
    }
    const told = [...fields].map(([field, values]) =>
      field === "tests" ? "the tests that were measured" : `${field} ${[...values].join(" / ")}`,
    );
    const why = told.length > 0 ? `differ in ${told.join(", ")}` : unknownDifference(first, others);
    return [`the ${group.length} rows of ${pair} ${why}`];
  });
}

function unknownDifference(first: BenchmarkRecord, others: readonly BenchmarkRecord[]): string {
  const origins = new Set([first, ...others].map(({ summary }) => summary.origin ?? "your own"));
  if (origins.size > 1) return `are from ${[...origins].join(", ")}`;
  return "differ in a field that only some of their records state";
}
