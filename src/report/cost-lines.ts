import { costReadings } from "../evidence/cost.ts";
import { median } from "../evidence/statistics.ts";
import { costOf } from "../run-state/ledger.ts";
import type { RunState } from "../run-state/run-state.ts";
import type { ConfigurationResult } from "../results/query/configurations.ts";
import { formatUsd, microUsd } from "../support/money.ts";

/**
 * What a million output tokens cost, one request at a time, by three definitions: while the server is busy, over the
 * first hour of a new VM, and as billed. The last is the bill of the VMs over the tokens of all sound passes on them.
 */
export function costLines(
  results: readonly ConfigurationResult[],
  state: RunState,
  nowMs: number,
): string[] {
  return results.map((result) => {
    const { records, speed, hourlyUsd } = result;
    const startUps = records.flatMap(({ summary }) =>
      typeof summary["start_up_s"] === "number" ? [summary["start_up_s"]] : [],
    );
    const startUpS = startUps.length === 0 ? undefined : median(startUps);
    const passes = state.passes.filter((event) => event.type === "pass.finished");
    const labels = new Set(
      passes.filter(({ record }) => records.includes(record)).map(({ label }) => label),
    );
    const rentals = [...labels].flatMap((label) => state.rentals.get(label) ?? []);
    const tokens = passes
      .filter(({ label }) => labels.has(label))
      .reduce((sum, { record }) => sum + record.summary.total_tokens, 0);
    const cost = costReadings({
      tokensPerSec: speed.median,
      price: microUsd(hourlyUsd),
      startUpS,
      billed: rentals.reduce((sum, rental) => sum + costOf(rental, nowMs), 0),
      tokens,
    });
    const told = [
      `steady ${dollars(cost.steadyState)}`,
      ...(startUpS === undefined
        ? []
        : [`cold start ${dollars(cost.coldStart)} (first hour, ${minutes(startUpS)} to start up)`]),
      `as billed ${dollars(cost.asBilled)} (whole hours, ${tokens.toLocaleString("en-US")} tokens)`,
    ];
    return `${result.gpu} ${result.model}: ${told.join(", ")}`;
  });
}

function dollars(value: number | undefined): string {
  return value === undefined ? "-" : formatUsd(microUsd(value));
}

function minutes(seconds: number): string {
  return `${(seconds / 60).toFixed(0)} min`;
}
