import type { CloudReader } from "../cloud/cloud.ts";
import { isoUtc, type Clock } from "../support/clock.ts";

interface Ports {
  readonly cloud: Pick<CloudReader, "clockOffsetMs">;
  readonly clock: Clock;
}

/**
 * The current time by the API's clock, which decides bills and the expiry of labels, in milliseconds since the epoch.
 * Before the API's first response it is our own time.
 */
export function apiNow({ cloud, clock }: Ports): number {
  return clock.now() + (cloud.clockOffsetMs() ?? 0);
}

/** The API's time as an event's field; empty before the API's first response. */
export function apiTimeField(ports: Ports): { readonly by_the_api?: string } {
  return ports.cloud.clockOffsetMs() === undefined ? {} : { by_the_api: isoUtc(apiNow(ports)) };
}
