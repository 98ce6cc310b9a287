import { RECORD_KEYS, type BenchmarkRecord } from "../../evidence/record.ts";

/** Returns what is wrong with a value, starting with its path; undefined if nothing is. */
type Check = (value: unknown) => string | undefined;

const figure: Check = (value) => (Number.isFinite(value) ? undefined : "not a number");
const text: Check = (value) => (typeof value === "string" ? undefined : "not a string");
const name: Check = (value) =>
  typeof value === "string" && value !== "" ? undefined : "not a non-empty string";
const flag: Check = (value) => (typeof value === "boolean" ? undefined : "neither true nor false");

function optional(check: Check): Check {
  return (value) => (value === undefined ? undefined : check(value));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Unknown keys are allowed. */
function object(fields: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(fields).map(([key, check]) => ({ key, check }));
  return (value) => {
    if (!isObject(value)) return "not an object";
    for (const { key, check } of checks) {
      const wrong = check(value[key]);
      if (wrong !== undefined) return at(key, wrong);
    }
    return undefined;
  };
}

/** Checks all values of an object. */
function values(check: Check): Check {
  return (value) => {
    if (!isObject(value)) return "not an object";
    for (const key of Object.keys(value)) {
      const wrong = check(value[key]);
      if (wrong !== undefined) return at(key, wrong);
    }
    return undefined;
  };
}

function list(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return "not a list";
    let index = 0;
    for (const item of value) {
      const wrong = check(item);
      if (wrong !== undefined) return at(String(index), wrong);
      index += 1;
    }
    return undefined;
  };
}

/** For example `summary.verdict: not an object`. */
function at(key: string, wrong: string): string {
  return /^[\w.]+: /.test(wrong) ? `${key}.${wrong}` : `${key}: ${wrong}`;
}

const category = {
  avg_tokens_per_sec: figure,
  total_time: figure,
  total_tokens: figure,
  cost_per_1k_tokens: figure,
  tests_passed: figure,
};
const state: Check = (value) =>
  value === "sound" || value === "failed" || value === "void" ? undefined : "not a known state";
const verdict = object({ state, reasons: list(text) });
/** A `LoadResult`. */
const load = object({
  in_flight: optional(figure),
  request_rate: optional(figure),
  requests: figure,
  failed: optional(figure),
  out_tps: optional(figure),
  per_user_tps: optional(figure),
  ttft_ms: optional(values(figure)),
  tpot_ms: optional(values(figure)),
  verdict: state,
  reasons: list(text),
});
const load01 = object({
  concurrency: figure,
  requests: figure,
  failed: figure,
  out_tps: figure,
  per_user_tps: figure,
  ttft_s: figure,
  tpot_s: figure,
});

/** The fields that queries use. */
const record = object({
  id: name,
  timestamp: text,
  gpu_type: name,
  gpu_count: figure,
  vram_per_gpu: figure,
  total_vram: figure,
  hourly_cost: figure,
  model_id: name,
  model_category: text,
  vllm_config: object({
    tensor_parallel_size: optional(figure),
    max_model_len: figure,
    gpu_memory_utilization: optional(figure),
    vllm_version: optional(text),
    image: optional(text),
    image_digest: optional(text),
    dtype: optional(text),
    quantization: optional(text),
    revision: optional(text),
  }),
  results_by_category: values(object(category)),
  summary: object({
    ...category,
    tests_total: figure,
    simulated: optional(flag),
    suite: optional(text),
    method: optional(text),
    verdict: optional(verdict),
    run: optional(text),
    vm: optional(text),
    finished_utc: optional(text),
    load: optional(
      list((value) => (isObject(value) && "concurrency" in value ? load01(value) : load(value))),
    ),
    passes_asked: optional(figure),
    price_usd_per_hour: optional(figure),
    key: optional(text),
    origin: optional(text),
    decode_tps: optional(figure),
    ttft_s: optional(figure),
    tpot_s: optional(figure),
  }),
  tests: list(object({ test_name: text, category: text })),
});

export type ReadRecord =
  | { readonly usable: true; readonly record: BenchmarkRecord }
  /** One line for the user: which field, and why. */
  | { readonly usable: false; readonly reason: string };

/**
 * Checks whether an element of the database is a usable record. Written by hand because loading a schema library takes
 * longer than checking ten thousand records.
 */
export function readRecord(value: unknown): ReadRecord {
  const reason = record(value);
  if (reason === undefined) return { usable: true, record: value as BenchmarkRecord };
  return { usable: false, reason };
}

/** Whether `maider` reads a record: it drops those that do not have exactly the known keys. */
export function isReadByMaider(record: object): boolean {
  const keys = Object.keys(record);
  return keys.length === RECORD_KEYS.length && RECORD_KEYS.every((key) => key in record);
}

/** `record 12 (b64ce422)`, for messages. */
export function nameOfElement(value: unknown, index: number): string {
  const id =
    typeof value === "object" && value !== null && "id" in value && typeof value.id === "string"
      ? ` (${value.id.slice(0, 8)})`
      : "";
  return `record ${index + 1}${id}`;
}
