import { differingFields } from "../../evidence/comparability.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import type { ConfigurationResult } from "./configurations.ts";

/** Tells the user why the rows of a comparison may not be comparable. */
export function comparabilityWarnings(
  rows: readonly ConfigurationResult[],
  category: string | undefined,
): string[] {
  const records = rows.flatMap((row) => row.records);
  const warnings: string[] = [];
  // Two steps, because sorting the categories of each of ten thousand records is slow.
  const categoryLists = new Set(
    records.map((record) => Object.keys(record.results_by_category).join()),
  );
  const categorySets = new Set(
    [...categoryLists].map((list) => list.split(",").toSorted().join(", ")),
  );
  if (category === undefined && categorySets.size > 1)
    warnings.push(
      `these passes cover different categories (${[...categorySets].join(" / ")}); -t compares one`,
    );
  const warnIfMixed = (field: string, values: readonly (string | undefined)[]): void => {
    const distinct = new Set(values.map((value) => value ?? "unknown"));
    if (distinct.size > 1)
      warnings.push(`measured in different ways: ${field} ${[...distinct].join(", ")}`);
  };
  warnIfMixed(
    "suite",
    records.map(({ summary }) => summary.suite),
  );
  warnIfMixed(
    "method",
    records.map(({ summary }) => summary.method),
  );
  warnIfMixed(
    "vllm_version",
    records.map(({ vllm_config }) => vllm_config.vllm_version),
  );
  if (new Set(rows.map(({ simulated }) => simulated)).size > 1)
    warnings.push("SIMULATED and real results are mixed");
  return [...warnings, ...duplicateRowWarnings(rows)];
}

/** Explains how several rows of the same GPU type and model differ. */
function duplicateRowWarnings(rows: readonly ConfigurationResult[]): string[] {
  const pairs = Map.groupBy(rows, ({ gpu, model }) => `${gpu} ${model}`);
  return [...pairs].flatMap(([pair, group]) => {
    const [first, ...others] = group.flatMap(({ records }) => records.slice(0, 1));
    if (first === undefined || others.length === 0) return [];
    const valuesByField = new Map<string, Set<string>>();
    for (const other of others) {
      for (const { field, a, b } of differingFields(first, other)) {
        const values = valuesByField.get(field) ?? new Set([String(a)]);
        valuesByField.set(field, values.add(String(b)));
      }
    }
    const differences = [...valuesByField].map(([field, values]) =>
      field === "tests" ? "the tests that were measured" : `${field} ${[...values].join(" / ")}`,
    );
    const explanation =
      differences.length > 0
        ? `differ in ${differences.join(", ")}`
        : explainByOrigin(first, others);
    return [`the ${group.length} rows of ${pair} ${explanation}`];
  });
}

function explainByOrigin(first: BenchmarkRecord, others: readonly BenchmarkRecord[]): string {
  const origins = new Set([first, ...others].map(({ summary }) => summary.origin ?? "your own"));
  if (origins.size > 1) return `are from ${[...origins].join(", ")}`;
  return "differ in a field that only some of their records state";
}
