import { connect } from "node:net";
import { SPEED_TEST_HOSTS } from "../../catalog/speed-test-hosts.ts";
import type { Market } from "../../estimate/market.ts";
import type { CoveragePlan } from "../../plan/coverage-plan.ts";
import { isLoopback } from "../../support/loopback.ts";

/** Short, because the user is waiting; a slower host is not the nearest one anyway. */
const TIMEOUT_MS = 1_500;

/** Milliseconds to connect to a host, without the name lookup. @throws when it cannot be reached or `signal` aborts */
export type TimeConnect = (host: string, signal: AbortSignal) => Promise<number>;

/**
 * Adds round-trip times to the market for entries without `regions`, so that the nearest of equally cheap regions is
 * tried first. Regions that cannot be measured are left out. Nothing is measured for a cloud on this machine.
 * @throws the signal's reason
 */
export async function withRoundTrips(
  market: Market,
  plan: Pick<CoveragePlan, "entries">,
  { apiUrl, simulated }: { readonly apiUrl: string; readonly simulated: unknown },
  timeConnect: TimeConnect,
  signal: AbortSignal,
): Promise<Market> {
  if (simulated !== undefined || isLoopback(apiUrl) || market.source !== "live") return market;
  const withoutRegions = plan.entries.filter(({ regions }) => regions.length === 0);
  const types = new Set(withoutRegions.map(({ gpu }) => gpu.id));
  const candidates = new Set(
    market.availability
      .filter(({ type, available }) => available && types.has(type))
      .map(({ region }) => region),
  );
  if (candidates.size < 2) return market;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const measured = await Promise.all(
    [...candidates].map(async (region): Promise<[string, number] | undefined> => {
      const host = SPEED_TEST_HOSTS.get(region);
      if (host === undefined) return undefined;
      return await timeConnect(host, limited).then(
        (ms) => [region, ms],
        () => undefined,
      );
    }),
  );
  signal.throwIfAborted();
  return { ...market, roundTripMs: new Map(measured.filter((row) => row !== undefined)) };
}

/** Times a TCP connection and closes it at once. */
export const timeTcpConnect =
  (port = 443): TimeConnect =>
  (host, signal) =>
    new Promise((resolve, reject) => {
      let start = performance.now();
      // One family, so that only one address is tried.
      const socket = connect({ host, port, family: 4, signal });
      socket.once("lookup", () => {
        start = performance.now();
      });
      socket.once("connect", () => {
        resolve(performance.now() - start);
        socket.destroy();
      });
      socket.on("error", reject);
    });
