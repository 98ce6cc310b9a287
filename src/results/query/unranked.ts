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
  /** `void`: the measurement was worthless for a recorded cause; `failed`: a test, or the server's cross-check. */
  readonly state: "failed" | "void" | "unstable" | "not sound";
  readonly reason: string;
  readonly passes: number;
  /** Of the newest, milliseconds since the epoch. */
  readonly atMs: number | undefined;
}

/** Failed and void passes of a journal, and servers that failed before any pass. None of them enter the database. */
export function unsoundPasses(events: Iterable<SweepEvent>): Unranked[] {
  const gpus = new Map<string, string>();
  const found: Unranked[] = [];
  const none: Unranked[] = [];
  const passed = new Set<string>();
  for (const event of events) {
    if (event.type === "rental.reserved") gpus.set(event.label, event.gpu);
    if (event.type === "server.failed") {
      const gpu = gpus.get(event.label) ?? event.label;
      none.push({
        gpu,
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
      passed.add(pairKey(gpus.get(event.label) ?? event.label, event.model));
    if (event.type !== "pass.failed" && event.type !== "pass.void") continue;
    const { record } = event;
    found.push({
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
  // Leave out server failures that a retry made up for.
  return [...found, ...none.filter(({ gpu, model }) => !passed.has(pairKey(gpu, model)))];
}

function pairKey(gpu: string, model: string): string {
  return JSON.stringify([gpu, model]);
}

/** The newest for each pair of GPU type and model that has no sound record. */
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

/** One for each GPU type, model and state, with the newest reason and the number of passes. */
export function joinUnranked(all: readonly Unranked[]): Unranked[] {
  const groups = Map.groupBy(all, ({ gpu, model, state }) => JSON.stringify([gpu, model, state]));
  return [...groups.values()].flatMap((group) => {
    const newest = group.toSorted((a, b) => (b.atMs ?? -Infinity) - (a.atMs ?? -Infinity))[0];
    if (newest === undefined) return [];
    return [{ ...newest, passes: group.reduce((sum, { passes }) => sum + passes, 0) }];
  });
}
