import type { RebenchCost } from "../../estimate/rebench-cost.ts";
import { writeCachedQuery, readCachedQuery } from "../../results/query/query-cache.ts";
import { cacheFile, type IndexedContents } from "../../results/query/record-index.ts";
import { resolveLinks } from "../../support/safe-file.ts";
import type { DatabaseLocation } from "../locations.ts";
import { indexFolder } from "../records/read-database.ts";

const DAY_MS = 86_400_000;

/** The result of `refreshCost`; for a large database it is cached for a day, because loading plans and prices is slow. */
export async function cachedRefreshCost(
  { records, fingerprint }: IndexedContents,
  { file, stateDir }: DatabaseLocation,
  nowMs: number,
  staleAfterDays: number,
): Promise<RebenchCost> {
  const compute = async (): Promise<RebenchCost> => {
    const { refreshCost } = await import("./refresh-cost.ts");
    return refreshCost(records, nowMs, staleAfterDays);
  };
  if (fingerprint === undefined) return compute();
  const path = cacheFile(indexFolder(stateDir), await resolveLinks(file), "refresh");
  const key = `${fingerprint} ${String(Math.floor(nowMs / DAY_MS))}`;
  const cached = readCachedQuery(path, key);
  if (cached !== undefined) return cached as RebenchCost;
  const cost = await compute();
  await writeCachedQuery(path, key, cost);
  return cost;
}
