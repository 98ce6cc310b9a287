import { findModel } from "../../catalog/model-catalog.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import type { SweepEvent } from "../../journal/events.ts";
import type { RejectedRecord, ConfigurationResult } from "./configurations.ts";
import { measuredAtMs, soundRecords } from "./record-quality.ts";

/** Passes that are not ranked, and why. */
export interface Unranked {
  readonly gpu: string;
  readonly model: string;
  readonly modelCategory: string | undefined;
  /** Task categories; undefined if unknown. */
  readonly categories: readonly string[] | undefined;
  /** `void`: the measurement was disturbed; `failed`: a test, the cross-check or the server failed. */
  readonly state: "failed" | "void" | "unstable" | "not sound";
  readonly reason: string;
  readonly passes: number;
  /** Time of the newest pass, milliseconds since the epoch. */
  readonly atMs: number | undefined;
}

/** Failed and void passes of a journal, and servers that failed before a pass. They are not in the database. */
export function unsoundPasses(events: Iterable<SweepEvent>): Unranked[] {
  const gpus = new Map<string, string>();
  const passes: Unranked[] = [];
  const serverFailures: Unranked[] = [];
  const succeeded = new Set<string>();
  for (const event of events) {
    if (event.type === "rental.reserved") gpus.set(event.label, event.gpu);
    if (event.type === "server.failed") {
      serverFailures.push({
        gpu: gpus.get(event.label) ?? event.label,
        model: event.model,
        modelCategory: findModel(event.model)?.category,
        categories: undefined,
        state: "failed",
        reason: `${event.cause}: ${event.evidence}`,
        passes: 1,
        atMs: Date.parse(event.ts),
      });
    }
    if (event.type === "pass.finished")
      succeeded.add(pairKey(gpus.get(event.label) ?? event.label, event.model));
    if (event.type !== "pass.failed" && event.type !== "pass.void") continue;
    const { record } = event;
    passes.push({
      gpu: record?.gpu_type ?? gpus.get(event.label) ?? event.label,
      model: event.model,
      modelCategory: record?.model_category ?? findModel(event.model)?.category,
      categories: record?.tests.map(({ category }) => category),
      state: event.type === "pass.void" ? "void" : "failed",
      reason: event.type === "pass.void" ? event.reason : event.reasons.join("; "),
      passes: 1,
      atMs: Date.parse(event.ts),
    });
  }
  // Leave out server failures after which a retry succeeded.
  return [
    ...passes,
    ...serverFailures.filter(({ gpu, model }) => !succeeded.has(pairKey(gpu, model))),
  ];
}

function pairKey(gpu: string, model: string): string {
  return JSON.stringify([gpu, model]);
}

/** The unsound passes of those pairs of GPU type and model that have no sound record, one per pair and state. */
export function withoutResult(
  unsound: readonly Unranked[],
  records: readonly BenchmarkRecord[],
): Unranked[] {
  const sound = new Set(
    soundRecords(records).map(({ gpu_type, model_id }) => pairKey(gpu_type, model_id)),
  );
  return joinUnranked(unsound.filter(({ gpu, model }) => !sound.has(pairKey(gpu, model))));
}

export function unrankedRecord({ record, reason }: RejectedRecord): Unranked {
  return {
    gpu: record.gpu_type,
    model: record.model_id,
    modelCategory: record.model_category,
    categories: Object.keys(record.results_by_category),
    state: "not sound",
    reason,
    passes: 1,
    atMs: measuredAtMs(record),
  };
}

export function unrankedRow(row: ConfigurationResult): Unranked {
  return {
    gpu: row.gpu,
    model: row.model,
    modelCategory: row.modelCategory,
    categories: undefined,
    state: "unstable",
    reason: `its passes differ by ${(100 * (row.speed.cv ?? 0)).toFixed(0)} % around ${row.speed.median.toFixed(1)} tokens/s; more passes would show which is right`,
    passes: row.speed.n,
    atMs: row.lastMs,
  };
}

/** Merges entries of the same GPU type, model and state: the newest reason, and the total number of passes. */
export function joinUnranked(all: readonly Unranked[]): Unranked[] {
  const groups = Map.groupBy(all, ({ gpu, model, state }) => JSON.stringify([gpu, model, state]));
  return [...groups.values()].flatMap((group) => {
    const newest = group.toSorted((a, b) => (b.atMs ?? -Infinity) - (a.atMs ?? -Infinity))[0];
    if (newest === undefined) return [];
    return [{ ...newest, passes: group.reduce((sum, { passes }) => sum + passes, 0) }];
  });
}
