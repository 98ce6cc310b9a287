import type { BenchmarkRecord } from "../../evidence/record.ts";
import { GPU_TYPES } from "../../catalog/gpu-catalog.ts";
import type { GpuType } from "../../catalog/gpu-types.ts";
import { newestFirst, measuredAtMs, ownRecords, soundRecords } from "./record-quality.ts";

export type Confidence = "High" | "Medium" | "Low";

/** Maider's levels: three or more passes, two, one. */
export function confidenceOf(runs: number): Confidence {
  if (runs >= 3) return "High";
  return runs === 2 ? "Medium" : "Low";
}

export interface TestedConfiguration {
  readonly gpu: string;
  readonly model: string;
  readonly modelCategory: string;
  /** Sound records. */
  readonly runs: number;
  readonly vms: number | undefined;
  readonly confidence: Confidence;
  /** Milliseconds since the epoch; undefined if no record states it. */
  readonly lastMs: number | undefined;
  readonly stale: boolean;
}

export interface Coverage {
  readonly total: number;
  /** Records of passes that were not sound. */
  readonly rejectedRecords: number;
  /** Imported records, which no other figure includes. */
  readonly imported: number;
  /** Of the public catalogue. */
  readonly gpuTypesTested: number;
  readonly gpuTypesTotal: number;
  /** Tested, but not in the public catalogue. */
  readonly outside: readonly string[];
  /** GPU type x model, newest first. */
  readonly tested: readonly TestedConfiguration[];
  /** The cheapest first. */
  readonly missing: readonly GpuType[];
  readonly byConfidence: Readonly<Record<Confidence, number>>;
  readonly simulated: boolean;
}

const DAY_MS = 86_400_000;

/** What has been measured, leaving out imported records. */
export function coverage(
  given: readonly BenchmarkRecord[],
  nowMs: number,
  staleAfterDays: number,
): Coverage {
  const records = ownRecords(given);
  const sound = soundRecords(records);
  const groups = Map.groupBy(sound, ({ gpu_type, model_id }) =>
    JSON.stringify([gpu_type, model_id]),
  );
  const tested = [...groups.values()]
    .map((group) => testedOf(newestFirst(group), nowMs, staleAfterDays))
    .toSorted((a, b) => (b.lastMs ?? -Infinity) - (a.lastMs ?? -Infinity));
  const seen = new Set(sound.map(({ gpu_type }) => gpu_type));
  const catalogue = GPU_TYPES.filter((type) => type.public);
  const known = new Set(catalogue.map(({ id }) => id));
  const having = (confidence: Confidence): number =>
    tested.filter((one) => one.confidence === confidence).length;
  return {
    total: records.length,
    rejectedRecords: records.length - sound.length,
    imported: given.length - records.length,
    gpuTypesTested: catalogue.filter(({ id }) => seen.has(id)).length,
    gpuTypesTotal: catalogue.length,
    outside: [...seen].filter((id) => !known.has(id)).toSorted(),
    tested,
    missing: catalogue.filter(({ id }) => !seen.has(id)).toSorted((a, b) => a.hourly - b.hourly),
    byConfidence: { High: having("High"), Medium: having("Medium"), Low: having("Low") },
    simulated: records.some(({ summary }) => summary.simulated === true),
  };
}

function testedOf(
  records: readonly BenchmarkRecord[],
  nowMs: number,
  staleAfterDays: number,
): TestedConfiguration {
  const newest = records[0] as BenchmarkRecord;
  const lastMs = measuredAtMs(newest);
  const vms = new Set(records.flatMap(({ summary }) => summary.vm ?? []));
  return {
    gpu: newest.gpu_type,
    model: newest.model_id,
    modelCategory: newest.model_category,
    runs: records.length,
    vms: vms.size === 0 ? undefined : vms.size,
    confidence: confidenceOf(records.length),
    lastMs,
    stale: lastMs !== undefined && nowMs - lastMs > staleAfterDays * DAY_MS,
  };
}

/** `5 minutes ago`, `1 week ago`: rounded down, months of 30 days. */
export function ageText(lastMs: number | undefined, nowMs: number): string {
  if (lastMs === undefined) return "unknown";
  const minutes = Math.max(0, (nowMs - lastMs) / 60_000);
  const [amount, unit] = (
    [
      [minutes, "minute", 60],
      [minutes / 60, "hour", 24],
      [minutes / 1440, "day", 7],
      [minutes / 10_080, "week", 30 / 7],
      [minutes / 43_200, "month", Infinity],
    ] as const
  ).find(([value, , limit]) => value < limit) ?? [0, "minute"];
  const whole = Math.floor(amount);
  return `${whole} ${unit}${whole === 1 ? "" : "s"} ago`;
}
