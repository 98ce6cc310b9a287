import { z } from "zod";
import { RECORD_KEYS, type BenchmarkRecord } from "../evidence/record.ts";

const figure = z.number();
const category = z.looseObject({
  avg_tokens_per_sec: figure,
  total_time: figure,
  total_tokens: figure,
  cost_per_1k_tokens: figure,
  tests_passed: figure,
});
const verdict = z.looseObject({
  state: z.enum(["sound", "failed", "void"]),
  reasons: z.array(z.string()),
});
const load = z.looseObject({
  concurrency: figure,
  requests: figure,
  failed: figure,
  out_tps: figure,
  per_user_tps: figure,
  ttft_s: figure,
  tpot_s: figure,
});

/** What a query may rely on. Keys that it does not name are let through as they are. */
const recordSchema = z.looseObject({
  id: z.string().min(1),
  timestamp: z.string(),
  gpu_type: z.string().min(1),
  gpu_count: figure,
  vram_per_gpu: figure,
  total_vram: figure,
  hourly_cost: figure,
  model_id: z.string().min(1),
  model_category: z.string(),
  vllm_config: z.looseObject({
    tensor_parallel_size: figure.optional(),
    max_model_len: figure,
    gpu_memory_utilization: figure.optional(),
    vllm_version: z.string().optional(),
    image: z.string().optional(),
    image_digest: z.string().optional(),
    dtype: z.string().optional(),
    quantization: z.string().optional(),
    revision: z.string().optional(),
  }),
  results_by_category: z.record(z.string(), category),
  summary: z.looseObject({
    ...category.shape,
    tests_total: figure,
    simulated: z.boolean().optional(),
    suite: z.string().optional(),
    method: z.string().optional(),
    verdict: verdict.optional(),
    run: z.string().optional(),
    vm: z.string().optional(),
    finished_utc: z.string().optional(),
    load: z.array(load).optional(),
    passes_asked: figure.optional(),
    price_usd_per_hour: figure.optional(),
    key: z.string().optional(),
    origin: z.string().optional(),
    decode_tps: figure.optional(),
    ttft_s: figure.optional(),
    tpot_s: figure.optional(),
  }),
  tests: z.array(z.looseObject({ test_name: z.string(), category: z.string() })),
});

export type ReadRecord =
  | { readonly usable: true; readonly record: BenchmarkRecord }
  /** One line for the user: which field, and why. */
  | { readonly usable: false; readonly reason: string };

/**
 * Tells whether an element of the database can be counted with. The element itself is handed on, never a copy
 * that a schema has changed.
 */
export function readRecord(value: unknown): ReadRecord {
  const result = recordSchema.safeParse(value);
  if (result.success) return { usable: true, record: value as BenchmarkRecord };
  const issue = result.error.issues[0];
  const place = issue?.path.join(".") ?? "";
  return { usable: false, reason: `${place === "" ? "" : `${place}: `}${issue?.message ?? ""}` };
}

/** The Python reader keeps a record only when it has exactly the known keys. */
export function pythonReads(record: object): boolean {
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
