import type { CoveragePlan } from "../plan/coverage-plan.ts";
import { formatUsd } from "../support/money.ts";
import type { Estimate, PlannedRental } from "./estimate.ts";
import type { Market } from "./market.ts";

/** Warnings for the user about an estimate, as sentences without a full stop. */
export function estimateWarnings(
  plan: CoveragePlan,
  market: Market,
  { rentals, soldOut, cap, likely, worst }: Estimate,
): readonly string[] {
  return [
    ...marketWarnings(market),
    ...rentals.flatMap((rental) => rentalWarnings(rental, plan, market)),
    ...soldOutWarnings(soldOut),
    ...capWarnings(cap, likely.micros, worst.micros, cheapestReservation(rentals)),
  ];
}

/** Why prices and stock may differ from those of the account. */
export function marketWarnings(market: Market): readonly string[] {
  const { source, date, refused } = market;
  const warnings: string[] = [];
  if (refused === true)
    warnings.push(
      "the API refused the Linode token (LINODE_TOKEN, LINODE_CLI_TOKEN or --token-file), so prices and stock were read without it; `run` needs one with linodes:read_write and firewall:read_write",
    );
  if (source === "built-in")
    warnings.push(
      `the prices are the built-in ones of ${date}, and the stock is unknown, because the API ${refused === true ? "refused access" : "did not answer"}`,
    );
  return warnings;
}

function rentalWarnings(rental: PlannedRental, plan: CoveragePlan, market: Market): string[] {
  const warnings: string[] = [];
  const name = `rental ${String(rental.seq)} (${rental.gpuId})`;
  if (!market.prices.has(rental.gpuId))
    warnings.push(
      `${name}: the API does not list this type for your account; its price is the built-in one`,
    );
  if (rental.likely.minutes > rental.deadlineMinutes)
    warnings.push(
      `${name}: needs about ${minutes(rental.likely.minutes)} and is stopped after ${minutes(rental.deadlineMinutes)}, so passes will be missing`,
    );
  const perEntry = plan.budget.maxCostPerEntry;
  if (perEntry !== undefined && rental.worst.micros > perEntry)
    warnings.push(
      `${name}: ${formatUsd(rental.worst.micros)} must be reserved, more than max_cost_per_entry (${formatUsd(perEntry)}) allows`,
    );
  for (const { model, fit, engine } of rental.configurations) {
    if (fit.loweredFrom !== undefined)
      warnings.push(
        `${model.id} on ${rental.gpuId}: the window is ${engine.maxModelLen.toLocaleString("en-US")} tokens, lowered from ${fit.loweredFrom.toLocaleString("en-US")} to what fits`,
      );
    if (model.gated)
      warnings.push(`${model.id} is gated: HF_TOKEN must belong to a user with access to it`);
  }
  return warnings;
}

function soldOutWarnings(rentals: readonly PlannedRental[]): string[] {
  if (rentals.length === 0) return [];
  const types = [...new Set(rentals.map(({ gpuId }) => gpuId))].join(", ");
  const micros = rentals.reduce((sum, { likely }) => sum + likely.micros, 0);
  return [
    `sold out now in every region that the plan allows: ${types}; the likely cost leaves them out, and ${formatUsd(micros)} more is likely if they are in stock when their turn comes`,
  ];
}

/** The lowest reservation of all rentals. */
function cheapestReservation(rentals: readonly PlannedRental[]): number {
  return Math.min(...rentals.map(({ worst }) => worst.micros));
}

function capWarnings(
  cap: number | undefined,
  likely: number,
  worst: number,
  cheapest: number,
): string[] {
  if (cap === undefined || cap >= worst) return [];
  const name = `the cap of ${formatUsd(cap)}`;
  if (cap < cheapest)
    return [`${name} is too low for any entry: the cheapest reserves ${formatUsd(cheapest)}`];
  if (cap >= likely)
    return [`${name} is below the worst case: entries may wait for others to free money`];
  return [`${name} is below the likely cost of ${formatUsd(likely)}: not all entries will run`];
}

function minutes(value: number): string {
  return `${String(Math.round(value))} min`;
}
