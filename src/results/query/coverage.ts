import type { BenchmarkRecord } from "../../evidence/record.ts";
import { GPU_TYPES } from "../../catalog/gpu-catalog.ts";
import type { GpuType } from "../../catalog/gpu-types.ts";
import { configurationNames } from "./configuration-names.ts";
import { recordsByConfiguration } from "./configurations.ts";
import { newestFirst, measuredAtMs, ownRecords, soundRecords } from "./record-quality.ts";

export type Confidence = "High" | "Medium" | "Low";

/** The levels of `maider`: three or more passes, two, one. */
export function confidenceOf(passes: number): Confidence {
  if (passes >= 3) return "High";
  return passes === 2 ? "Medium" : "Low";
}

export interface TestedConfiguration {
  readonly gpu: string;
  readonly model: string;
  /** The model's short name, with the settings that tell it apart from others on the same GPU type. */
  readonly name: string;
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
  /** GPU types in the public catalogue. */
  readonly gpuTypesTested: number;
  readonly gpuTypesTotal: number;
  /** Tested GPU types that are not in the public catalogue. */
  readonly outsideCatalog: readonly string[];
  /** One per configuration, newest first. */
  readonly tested: readonly TestedConfiguration[];
  /** GPU types that were never tested, cheapest first. */
  readonly missing: readonly GpuType[];
  readonly byConfidence: Readonly<Record<Confidence, number>>;
  readonly simulated: boolean;
}

const DAY_MS = 86_400_000;

/** Summarizes which GPU types and models were measured. Imported records are only counted. */
export function coverage(
  allRecords: readonly BenchmarkRecord[],
  nowMs: number,
  staleAfterDays: number,
): Coverage {
  const records = ownRecords(allRecords);
  const sound = soundRecords(records);
  const groups = recordsByConfiguration(sound).map(newestFirst);
  const names = configurationNames(
    groups.map((group) => ({
      gpu: group[0]?.gpu_type ?? "",
      model: group[0]?.model_id ?? "",
      origin: undefined,
      records: group,
    })),
  );
  const tested = groups
    .map((group, index) => summarise(group, names[index] ?? "", nowMs, staleAfterDays))
    .toSorted((a, b) => (b.lastMs ?? -Infinity) - (a.lastMs ?? -Infinity));
  const testedTypes = new Set(sound.map(({ gpu_type }) => gpu_type));
  const catalog = GPU_TYPES.filter((type) => type.public);
  const catalogIds = new Set(catalog.map(({ id }) => id));
  const countWith = (confidence: Confidence): number =>
    tested.filter((configuration) => configuration.confidence === confidence).length;
  return {
    total: records.length,
    rejectedRecords: records.length - sound.length,
    imported: allRecords.length - records.length,
    gpuTypesTested: catalog.filter(({ id }) => testedTypes.has(id)).length,
    gpuTypesTotal: catalog.length,
    outsideCatalog: [...testedTypes].filter((id) => !catalogIds.has(id)).toSorted(),
    tested,
    missing: catalog
      .filter(({ id }) => !testedTypes.has(id))
      .toSorted((a, b) => a.hourly - b.hourly),
    byConfidence: { High: countWith("High"), Medium: countWith("Medium"), Low: countWith("Low") },
    simulated: records.some(({ summary }) => summary.simulated === true),
  };
}

function summarise(
  records: readonly BenchmarkRecord[],
  name: string,
  nowMs: number,
  staleAfterDays: number,
): TestedConfiguration {
  const newest = records[0] as BenchmarkRecord;
  const lastMs = measuredAtMs(newest);
  const vms = new Set(records.flatMap(({ summary }) => summary.vm ?? []));
  return {
    gpu: newest.gpu_type,
    model: newest.model_id,
    name,
    modelCategory: newest.model_category,
    runs: records.length,
    vms: vms.size === 0 ? undefined : vms.size,
    confidence: confidenceOf(records.length),
    lastMs,
    stale: isStale(lastMs, nowMs, staleAfterDays),
  };
}

/** Never true for a record without a time. */
export function isStale(
  lastMs: number | undefined,
  nowMs: number,
  staleAfterDays: number,
): boolean {
  return lastMs !== undefined && nowMs - lastMs > staleAfterDays * DAY_MS;
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
  const rounded = Math.floor(amount);
  return `${rounded} ${unit}${rounded === 1 ? "" : "s"} ago`;
}
