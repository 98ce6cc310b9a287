import Table from "cli-table3";
import type { Estimate } from "../estimate/estimate.ts";
import { likeliestOffer } from "../estimate/region-offers.ts";
import type { CoveragePlan } from "../plan/coverage-plan.ts";
import { formatUsd } from "../support/money.ts";

/** The estimate as a person reads it. */
export function printEstimate(plan: CoveragePlan, estimate: Estimate): string {
  const table = new Table({
    head: ["#", "GPU type", "Region", "$/h", "Minutes", "Hours", "Likely", "Worst"],
    colAligns: ["right", "left", "left", "right", "right", "right", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  const lines: string[] = [];
  for (const rental of estimate.rentals) {
    const { boot, setup, download, load, passes } = rental.likely.stages;
    const offer = likeliestOffer(rental.regions);
    table.push([
      String(rental.seq),
      rental.gpuId,
      offer?.region ?? "no stock",
      formatUsd(offer?.hourly ?? 0),
      String(Math.round(rental.likely.minutes)),
      `${String(rental.likely.hours)}-${String(rental.reservedHours)}`,
      formatUsd(rental.likely.micros),
      formatUsd(rental.worst.micros),
    ]);
    const stages = [
      `boot ${minutes(boot)}`,
      `set-up ${minutes(setup)}`,
      `download ${minutes(download)}`,
      `load ${minutes(load)}`,
      `passes ${minutes(passes)}`,
    ];
    lines.push(
      `  ${String(rental.seq)}. ${rental.configurations.map(({ model }) => model.id).join(", ")}`,
    );
    lines.push(`     ${stages.join(" · ")}`);
  }
  const { cap, likely, worst } = estimate;
  const out = [
    `${plan.name}: ${String(estimate.rentals.length)} rentals, prices ${estimate.prices}`,
    table.toString(),
    ...lines,
    "",
    `likely ${formatUsd(likely.micros)} (${String(likely.hours)} h) · worst ${formatUsd(worst.micros)} (${String(worst.hours)} h reserved)`,
    `wall time about ${minutes(estimate.wallMinutes)} at ${String(plan.concurrency)} rentals at once`,
    cap === undefined
      ? "no cap: give budget.max_cost or --max-cost before you run it"
      : `cap ${formatUsd(cap)} · left after the likely cost ${formatUsd(cap - likely.micros)}, after the worst ${formatUsd(cap - worst.micros)}`,
  ];
  const own = estimate.rentals[0]?.configurations[0]?.prompts;
  if (own !== undefined)
    out.push(
      `prompts: ${String(own.tests.length)} of your own (${own.id}) instead of the standard suites`,
    );
  if (plan.allowRemoteCode) out.push("allow_remote_code: models may run their own code on the VMs");
  if (estimate.skipped.length > 0) {
    out.push("", "skipped:");
    for (const { gpu, model, reason } of estimate.skipped) out.push(`  ${gpu} ${model}: ${reason}`);
  }
  return `${out.join("\n")}\n`;
}

function minutes(value: number): string {
  if (value < 60) return `${value < 10 ? value.toFixed(1) : String(Math.round(value))} min`;
  return `${String(Math.floor(value / 60))} h ${String(Math.round(value % 60))} min`;
}
