import type { CloudReader } from "../cloud/cloud.ts";
import { isoUtc, type Clock } from "../support/clock.ts";

interface Ports {
  readonly cloud: Pick<CloudReader, "clockOffsetMs">;
  readonly clock: Clock;
}

/**
 * This moment by the API's clock, which the bill goes by and from which labels expire; by ours before the first
 * answer. Milliseconds since the epoch.
 */
export function apiNow({ cloud, clock }: Ports): number {
  return clock.now() + (cloud.clockOffsetMs() ?? 0);
}

/** The same moment as an event's field, where it is known. */
export function apiTimeField(ports: Ports): { readonly by_the_api?: string } {
  return ports.cloud.clockOffsetMs() === undefined ? {} : { by_the_api: isoUtc(apiNow(ports)) };
}
