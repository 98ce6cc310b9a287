import type { Configuration, Entry, Skip } from "../plan/coverage-plan.ts";
import type { MicroUsd } from "../support/money.ts";

/** A planned rental and the configurations that its VM will serve, one after the other. */
export interface PlannedRental {
  /** From 1, in the order of admission. */
  readonly seq: number;
  readonly entries: readonly Entry[];
  readonly gpuId: string;
  readonly configurations: readonly Configuration[];
  /** Regions to try, in order. */
  readonly regions: readonly RegionOffer[];
  readonly likely: Forecast;
  readonly worst: Forecast;
  /** Hours to reserve: the worst case in whole hours, plus one. */
  readonly reservedHours: number;
  /** Minutes from the create request until the VM is destroyed, even if work remains. */
  readonly deadlineMinutes: number;
}

export interface RegionOffer {
  readonly region: string;
  readonly hourly: MicroUsd;
  /** Whether the API reported stock; undefined = unknown. */
  readonly stock: boolean | undefined;
}

/** The duration of a rental by stage, and its billed hours and cost. */
export interface Forecast {
  readonly minutes: number;
  readonly stages: {
    readonly boot: number;
    readonly setup: number;
    readonly download: number;
    readonly load: number;
    readonly passes: number;
  };
  readonly hours: number;
  readonly micros: MicroUsd;
}

export interface Estimate {
  readonly rentals: readonly PlannedRental[];
  readonly skipped: readonly Skip[];
  readonly prices: "live" | "built-in";
  readonly cap: MicroUsd | undefined;
  /** Without `soldOut`. */
  readonly likely: { readonly micros: MicroUsd; readonly hours: number };
  readonly worst: { readonly micros: MicroUsd; readonly hours: number };
  /** Likely, without `soldOut`. */
  readonly wallMinutes: number;
  /** Rentals whose GPU type is out of stock in all their regions now. */
  readonly soldOut: readonly PlannedRental[];
  readonly warnings: readonly string[];
}
