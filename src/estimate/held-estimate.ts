import { ExitCode, SweepError } from "../support/errors.ts";
import { formatUsd, type MicroUsd } from "../support/money.ts";
import type { Estimate, PlannedRental } from "./estimate.ts";
import { DESTROY_MINUTES } from "./rental-hours.ts";

/**
 * The estimate of a VM that is held for its user. It is held for as many hours as the cap pays for, minus one because
 * its deletion may start another hour, and at most for `maxHours`.
 * @throws SweepError exit 3 if that is too short to start the model
 */
export function heldEstimate(estimate: Estimate, cap: MicroUsd, maxHours: number): Estimate {
  const [rental] = estimate.rentals;
  if (rental === undefined) return estimate;
  const hourly = Math.max(...rental.regions.map((offer) => offer.hourly));
  const hours = Math.min(Math.floor(cap / hourly) - 1, Math.ceil(maxHours));
  const { boot, setup, download, load } = rental.likely.stages;
  const needed = Math.ceil((boot + setup + download + load + DESTROY_MINUTES) / 60);
  if (hours < needed) throw tooShort(rental, cap, hourly, needed);
  const held: PlannedRental = {
    ...rental,
    reservedHours: hours + 1,
    deadlineMinutes: Math.min(hours, maxHours) * 60 - DESTROY_MINUTES,
    worst: { ...rental.worst, hours: hours + 1, micros: (hours + 1) * hourly },
    likely: { ...rental.likely, minutes: boot + setup + download + load },
  };
  return {
    ...estimate,
    rentals: [held],
    worst: { micros: held.worst.micros, hours: hours + 1 },
    wallMinutes: held.likely.minutes,
  };
}

function tooShort(
  { gpuId }: PlannedRental,
  cap: MicroUsd,
  hourly: MicroUsd,
  needed: number,
): SweepError {
  const minCost = hourly * (needed + 1);
  return new SweepError(`${formatUsd(cap)} and the time allowed are too little for ${gpuId}`, {
    exitCode: ExitCode.budget,
    reason: `the model needs ${String(needed)} h to start, and one more hour is reserved for the deletion: ${formatUsd(minCost)} at ${formatUsd(hourly)} an hour`,
    hint: `--max-cost ${(Math.ceil(minCost / 10_000) / 100).toFixed(2)} is enough, with --max-hours of ${String(needed)} or more; nothing was created`,
  });
}
