import type { BenchmarkRecord } from "../../evidence/record.ts";
import {
  measuredAtMs,
  newestFirst,
  ownRecords,
  soundRecords,
  rejectionReason,
} from "./record-quality.ts";

/** The configuration that would be measured now. Undefined fields are not compared. */
export interface WantedConfiguration {
  readonly gpu: string;
  readonly model: string;
  readonly vllmVersion?: string | undefined;
  readonly image?: string | undefined;
  readonly maxModelLen?: number | undefined;
  readonly gpuMemoryUtilization?: number | undefined;
  /** `auto` matches any dtype. */
  readonly dtype?: string | undefined;
  readonly quantization?: string | undefined;
  readonly enforceEager?: boolean | undefined;
  readonly maxNumSeqs?: number | undefined;
  readonly tensorParallel?: number | undefined;
  /** Name and version. */
  readonly suite?: string | undefined;
  readonly categories?: readonly string[] | undefined;
  readonly passes?: number | undefined;
}

export interface Freshness {
  readonly state: "fresh" | "stale" | "missing";
  /** Why it is not fresh, for the user. */
  readonly reasons: readonly string[];
}

export interface FreshnessQuestion {
  readonly wanted: WantedConfiguration;
  readonly records: readonly BenchmarkRecord[];
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  readonly staleAfterDays: number;
}

const DAY_MS = 86_400_000;

/**
 * Whether the database has an up-to-date result for a configuration. A result is stale because of its age or of a field
 * that differs, never because of a field that its record lacks.
 */
export function freshness(question: FreshnessQuestion): Freshness {
  const { wanted, nowMs, staleAfterDays } = question;
  const all = ownRecords(question.records).filter(
    ({ gpu_type, model_id }) => gpu_type === wanted.gpu && model_id === wanted.model,
  );
  const sound = newestFirst(soundRecords(all)).filter((record) => covers(record, wanted));
  const newest = sound[0];
  if (newest === undefined) {
    const rejected = newestFirst(all)[0];
    const rejection = rejected === undefined ? undefined : rejectionReason(rejected);
    const reason = rejection === undefined ? "never measured" : `no sound pass: ${rejection}`;
    return { state: "missing", reasons: [reason] };
  }
  const matching = sound.filter((record) => differences(record, wanted).length === 0);
  const best = matching[0] ?? newest;
  const reasons = [...differences(best, wanted), ...ageReasons(best, nowMs, staleAfterDays)];
  if (matching.length > 0 && wanted.passes !== undefined && matching.length < wanted.passes)
    reasons.push(`${matching.length} of ${wanted.passes} passes`);
  return { state: reasons.length === 0 ? "fresh" : "stale", reasons };
}

/** `vllm/vllm-openai:v0.27.1` -> `0.27.1`; undefined for a digest or another kind of tag. */
export function vllmVersionOf(image: string): string | undefined {
  return /:v?(\d+\.\d+[\w.]*?)(?:@|$)/.exec(image)?.[1];
}

function covers(record: BenchmarkRecord, { categories }: WantedConfiguration): boolean {
  return (categories ?? []).every(
    (wanted) =>
      Object.hasOwn(record.results_by_category, wanted) ||
      // If none of a category's tests fit the window, it was requested but has no results.
      record.tests.some(({ category }) => category === wanted),
  );
}

function differences(record: BenchmarkRecord, wanted: WantedConfiguration): string[] {
  const { vllm_config: engine, summary } = record;
  const found: string[] = [];
  const compare = <T extends string | number | boolean>(
    name: string,
    recorded: T | undefined,
    expected: T | undefined,
    isSame: (recorded: T, expected: T) => boolean = (a, b) => a === b,
  ): void => {
    if (recorded === undefined || expected === undefined || isSame(recorded, expected)) return;
    found.push(`${name} ${String(recorded)} instead of ${String(expected)}`);
  };
  compare("vLLM", engine.vllm_version, wanted.vllmVersion);
  // An image can have several names, so compare it only if the versions do not differ.
  const versionKnown = engine.vllm_version !== undefined && wanted.vllmVersion !== undefined;
  if (!versionKnown || engine.vllm_version === wanted.vllmVersion)
    compare("image", engine.image, wanted.image);
  // If the window was shortened on the VM, both the requested and the shortened length match.
  const requested = engine.max_model_len_asked ?? engine.max_model_len;
  compare("max_model_len", engine.max_model_len, wanted.maxModelLen, (recorded, expected) =>
    [recorded, requested].includes(expected),
  );
  compare("gpu_memory_utilization", engine.gpu_memory_utilization, wanted.gpuMemoryUtilization);
  compare("enforce_eager", flag(engine["enforce_eager"]), wanted.enforceEager);
  compare("max_num_seqs", count(engine["max_num_seqs"]), wanted.maxNumSeqs);
  compare("tensor_parallel_size", engine.tensor_parallel_size, wanted.tensorParallel);
  const dtype = wanted.dtype === "auto" ? undefined : wanted.dtype;
  compare("dtype", engine.dtype, dtype, (a, b) => a === "auto" || dtypeOf(a) === dtypeOf(b));
  compare("quantization", engine.quantization, wanted.quantization, sameQuantization);
  compare("suite", summary.suite, wanted.suite);
  return found;
}

function flag(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

function count(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function dtypeOf(name: string): string {
  const bare = name.replace(/^torch\./, "");
  return bare === "half" ? "float16" : bare;
}

/** vLLM reports the kernel that it chose, such as `awq_marlin` for `awq`. */
function sameQuantization(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}_`) || b.startsWith(`${a}_`);
}

function ageReasons(record: BenchmarkRecord, nowMs: number, staleAfterDays: number): string[] {
  const at = measuredAtMs(record);
  if (at === undefined) return ["time of measurement unknown"];
  const days = (nowMs - at) / DAY_MS;
  return days > staleAfterDays ? [`${Math.floor(days)} days old (limit ${staleAfterDays})`] : [];
}
