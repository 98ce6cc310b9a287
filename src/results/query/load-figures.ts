import { costPer1kTokens } from "../../evidence/cost.ts";
import { loadResults, type LoadResult } from "../../evidence/load-result.ts";
import { median } from "../../evidence/statistics.ts";
import type { ConfigurationResult } from "./configurations.ts";

/** A configuration with several requests in flight at once, over its passes. */
export interface LoadFigures {
  readonly inFlight: number;
  /** Output tokens a second of the whole server, one value for each sound measurement. */
  readonly rates: readonly number[];
  /** Medians of the sound measurements; undefined if there are none. */
  readonly tokensPerSec: number | undefined;
  readonly perUserTokensPerSec: number | undefined;
  readonly ttftMs: number | undefined;
  /** US dollars per million output tokens; undefined if the price or the throughput is unknown. */
  readonly costPer1M: number | undefined;
  /** Measurements that were not sound. */
  readonly unsound: number;
}

/** The load levels at which a configuration was measured, lowest first; empty without any. */
export function loadFigures({
  records,
  hourlyUsd,
}: Pick<ConfigurationResult, "records" | "hourlyUsd">): LoadFigures[] {
  const levels = records
    .flatMap(({ summary }) => loadResults(summary))
    // Levels of a fixed request rate have no number of requests in flight.
    .filter(({ in_flight: inFlight }) => Number.isFinite(inFlight));
  return [...Map.groupBy(levels, ({ in_flight: inFlight }) => inFlight)]
    .toSorted(([a], [b]) => a - b)
    .map(([inFlight, measured]) => figuresAt(inFlight, measured, hourlyUsd));
}

function figuresAt(
  inFlight: number,
  measured: readonly LoadResult[],
  hourlyUsd: number,
): LoadFigures {
  const sound = measured.filter(({ verdict }) => verdict === "sound");
  const rates = sound.flatMap(({ out_tps: rate }) => rate ?? []);
  const tokensPerSec = medianOf(rates);
  const known = tokensPerSec !== undefined && tokensPerSec > 0 && hourlyUsd > 0;
  return {
    inFlight,
    rates,
    tokensPerSec,
    perUserTokensPerSec: medianOf(sound.flatMap(({ per_user_tps: rate }) => rate ?? [])),
    ttftMs: medianOf(sound.flatMap(({ ttft_ms: ttft }) => ttft?.p50 ?? [])),
    costPer1M: known ? 1000 * costPer1kTokens(tokensPerSec, hourlyUsd) : undefined,
    unsound: measured.length - sound.length,
  };
}

function medianOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : median(values);
}
