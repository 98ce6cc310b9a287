import { createHash } from "node:crypto";
import { LEGACY_METHOD, LEGACY_SUITE } from "./method.ts";
import type { BenchmarkRecord } from "./record.ts";

/** What a record must agree in with another before their figures are held side by side. */
export type ComparabilityFacts = Pick<
  BenchmarkRecord,
  "gpu_type" | "gpu_count" | "model_id" | "vllm_config" | "summary" | "tests"
>;

/** Undefined = the record does not tell. */
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
 * Fields that came after the first keys, each with what holds where a record does not mention it. At that value they are
 * no part of the key, so that older records keep theirs.
 */
const LATER_FIELDS: Partial<Record<ComparabilityField, FactValue>> = {
  // With it, peer-to-peer access between the GPUs was off.
  disable_custom_all_reduce: false,
  server_config: undefined,
};

/** Of the machine. Its host's processor and kernel are no fields: they belong to the variance between VMs. */
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

/** The facts by field; `tests` names those that were measured. */
export function comparabilityFacts(
  record: ComparabilityFacts,
): Record<ComparabilityField, FactValue> {
  const { summary } = record;
  return {
    gpu_type: record.gpu_type,
    gpu_count: record.gpu_count,
    model_id: record.model_id,
    ...engineFacts(record.vllm_config),
    ...wayFacts(summary),
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

/** On what and how it was measured, beside the engine; always the same keys in the same order. */
export function wayFacts(summary: ComparabilityFacts["summary"]): Record<WayField, FactValue> {
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

type WayField = (typeof MACHINE_FIELDS)[number] | "suite" | "method" | "simulated";

/** Names of the tests that were measured, in one order. */
export function measuredTests(tests: ComparabilityFacts["tests"]): string {
  const measured = tests.filter((test) => test.success).map((test) => test.test_name);
  return measured.toSorted().join(", ");
}

/** 16 hexadecimal digits; equal for records that differ in nothing that matters. */
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
 * Fields in which both records say something and disagree, without those that are being compared. What only one of
 * them tells is no difference: older and foreign records tell less.
 */
export function differingFields(
  a: ComparabilityFacts,
  b: ComparabilityFacts,
  compared: readonly ComparabilityField[] = [],
): FieldDifference[] {
  const [factsA, factsB] = [comparabilityFacts(a), comparabilityFacts(b)];
  return COMPARABILITY_FIELDS.filter(
    (field) =>
      !compared.includes(field) &&
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
