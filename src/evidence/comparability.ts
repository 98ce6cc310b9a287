import { createHash } from "node:crypto";
import { LEGACY_METHOD, LEGACY_SUITE } from "./method.ts";
import type { BenchmarkRecord } from "./record.ts";

/** The parts of a record that decide whether its figures can be compared with another's. */
export type ComparabilityFacts = Pick<
  BenchmarkRecord,
  "gpu_type" | "gpu_count" | "model_id" | "vllm_config" | "summary" | "tests"
>;

/** Undefined = the record does not state it. */
export type FactValue = string | number | boolean | undefined;

export interface FieldDifference {
  readonly field: ComparabilityField;
  readonly a: FactValue;
  readonly b: FactValue;
}

export const ENGINE_FIELDS = [
  "vllm_version",
  "image",
  "image_digest",
  "revision",
  "dtype",
  "quantization",
  "tensor_parallel_size",
  "pipeline_parallel_size",
  "max_model_len",
  "gpu_memory_utilization",
  "kv_cache_dtype",
  "attention_backend",
  "enforce_eager",
  "enable_prefix_caching",
  "enable_chunked_prefill",
  "max_num_seqs",
  "disable_custom_all_reduce",
  "server_config",
] as const;

/**
 * Fields added after keys had been published, with their defaults. A default value is left out of the key, so that
 * older records keep their keys.
 */
const LATER_FIELDS: Partial<Record<ComparabilityField, FactValue>> = {
  // True if peer-to-peer access between the GPUs was off.
  disable_custom_all_reduce: false,
  server_config: undefined,
};

/** Without the host's processor and kernel: their effect counts as variance between VMs. */
export const MACHINE_FIELDS = ["gpu_name", "driver", "cuda", "gpu_power_limit_w"] as const;

export const COMPARABILITY_FIELDS = [
  "gpu_type",
  "gpu_count",
  "model_id",
  ...ENGINE_FIELDS,
  ...MACHINE_FIELDS,
  "suite",
  "method",
  "simulated",
  "tests",
] as const;
export type ComparabilityField = (typeof COMPARABILITY_FIELDS)[number];

/** All fields of a record; `tests` names the tests that were measured. */
export function comparabilityFacts(
  record: ComparabilityFacts,
): Record<ComparabilityField, FactValue> {
  const { summary } = record;
  return {
    gpu_type: record.gpu_type,
    gpu_count: record.gpu_count,
    model_id: record.model_id,
    ...engineFacts(record.vllm_config),
    ...measurementFacts(summary),
    tests: measuredTests(record.tests),
  };
}

export function engineFacts(
  engine: ComparabilityFacts["vllm_config"],
): Record<(typeof ENGINE_FIELDS)[number], FactValue> {
  return Object.fromEntries(
    ENGINE_FIELDS.map((field) => [field, plain(engine[field]) ?? LATER_FIELDS[field]]),
  ) as Record<(typeof ENGINE_FIELDS)[number], FactValue>;
}

/** The machine and the method of measurement. The keys are always the same, in the same order. */
export function measurementFacts(
  summary: ComparabilityFacts["summary"],
): Record<MeasurementField, FactValue> {
  return {
    gpu_name: plain(summary["gpu_name"]),
    driver: plain(summary["driver"]),
    cuda: plain(summary["cuda"]),
    gpu_power_limit_w: plain(summary["gpu_power_limit_w"]),
    suite: summary.suite ?? LEGACY_SUITE,
    method: summary.method ?? LEGACY_METHOD,
    simulated: summary.simulated ?? false,
  };
}

type MeasurementField = (typeof MACHINE_FIELDS)[number] | "suite" | "method" | "simulated";

/** Names of the tests that were measured, sorted. */
export function measuredTests(tests: ComparabilityFacts["tests"]): string {
  const measured = tests.filter((test) => test.success).map((test) => test.test_name);
  return measured.toSorted().join(", ");
}

/** 16 hexadecimal digits, equal for records whose figures can be compared. */
export function comparabilityKey(record: ComparabilityFacts): string {
  const facts = comparabilityFacts(record);
  const text = JSON.stringify(
    COMPARABILITY_FIELDS.flatMap((field): unknown[] => {
      if (!(field in LATER_FIELDS)) return [facts[field] ?? null];
      return facts[field] === LATER_FIELDS[field] ? [] : [[field, facts[field]]];
    }),
  );
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/**
 * Fields that both records state, with different values. A field that only one of them states does not count, because
 * older and foreign records state fewer.
 * @param ignored fields to leave out, such as those that are being compared
 */
export function differingFields(
  a: ComparabilityFacts,
  b: ComparabilityFacts,
  ignored: readonly ComparabilityField[] = [],
): FieldDifference[] {
  const [factsA, factsB] = [comparabilityFacts(a), comparabilityFacts(b)];
  return COMPARABILITY_FIELDS.filter(
    (field) =>
      !ignored.includes(field) &&
      factsA[field] !== undefined &&
      factsB[field] !== undefined &&
      factsA[field] !== factsB[field],
  ).map((field) => ({ field, a: factsA[field], b: factsB[field] }));
}

function plain(value: unknown): FactValue {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : undefined;
}
