import { PRICE_DATE } from "../../catalog/gpu-catalog.ts";
import { gpuName, modelName } from "../../catalog/short-names.ts";
import { idleTime, type PackingCost } from "../../estimate/compare-packings.ts";
import type { Estimate, PlannedRental } from "../../estimate/estimate.ts";
import { isSoldOut, likelyOffer } from "../../estimate/region-offers.ts";
import type { CoveragePlan } from "../../plan/coverage-plan.ts";
import { renderTable, type Column } from "../../report/render-table.ts";
import { formatUsd } from "../../support/money.ts";
import { wrapText } from "../../support/wrap-text.ts";

const COLUMNS: readonly Column[] = [
  { head: "#", align: "right" },
  { head: "GPU type" },
  { head: "Region" },
  { head: "$/h", align: "right" },
  { head: "Minutes", align: "right" },
  { head: "Hours", align: "right" },
  { head: "Likely", align: "right" },
  { head: "Worst", align: "right" },
];

const PACKING: readonly Column[] = [
  { head: "packing" },
  { head: "VMs", align: "right" },
  { head: "likely", align: "right" },
  { head: "reserved", align: "right" },
  { head: "takes", align: "right" },
  { head: "idle", align: "right" },
];

/** The estimate as text, in `width` columns. */
export function estimateText(
  plan: CoveragePlan,
  estimate: Estimate,
  width: number,
  packings: readonly PackingCost[] = [],
  simulated = false,
): string {
  const { cap, likely, worst, rentals, skipped, soldOut } = estimate;
  const live = simulated ? "those of the simulated cloud" : "live";
  const prices = estimate.prices === "live" ? live : `the built-in ones of ${PRICE_DATE}`;
  const out = [
    `${plan.name}: ${String(rentals.length)} ${rentals.length === 1 ? "rental" : "rentals"}, prices are ${prices}`,
    renderTable(COLUMNS, rentals.map(tableRow), { width, colour: false }),
    "Hours: what Linode is likely to bill, and what is reserved for the worst case",
    "",
    ...rentals.flatMap((rental) => detail(rental, width)),
    "",
    `likely ${formatUsd(likely.micros)} (${String(likely.hours)} h)${without(soldOut)} · worst ${formatUsd(worst.micros)} (${String(worst.hours)} h reserved)`,
    `wall time about ${minutes(estimate.wallMinutes)} with up to ${String(plan.concurrency)} ${plan.concurrency === 1 ? "rental" : "rentals"} at once`,
    ...(cap === undefined
      ? ["no cap: give budget.max_cost or --max-cost before you run it"]
      : [`cap ${formatUsd(cap)} · ${left(cap, likely.micros, worst.micros)}`]),
    ...(plan.allowRemoteCode
      ? ["allow_remote_code: models may run their own code on the VMs"]
      : []),
  ];
  const inStock = rentals.filter((rental) => !soldOut.includes(rental));
  out.push(...idleLines(inStock, width), ...packingLines(packings, width));
  const own = rentals[0]?.configurations[0]?.prompts;
  if (own !== undefined)
    out.push(
      `prompts: ${String(own.tests.length)} of your own (${own.id}) instead of the standard suites`,
    );
  if (skipped.length > 0) {
    out.push("", "skipped:");
    for (const { gpu, model, reason } of skipped)
      out.push(...wrapText(`${gpuName(gpu)} ${modelName(model)}: ${reason}`, width, "  "));
  }
  return `${out.join("\n")}\n`;
}

function tableRow(rental: PlannedRental): readonly string[] {
  const { likely, worst, reservedHours } = rental;
  const offer = likelyOffer(rental.regions);
  return [
    String(rental.seq),
    gpuName(rental.gpuId),
    offer === undefined || isSoldOut(rental.regions) ? "sold out" : offer.region,
    formatUsd(likely.micros / likely.hours),
    String(Math.round(likely.minutes)),
    `${String(likely.hours)}-${String(reservedHours)}`,
    formatUsd(likely.micros),
    formatUsd(worst.micros),
  ];
}

function detail(rental: PlannedRental, width: number): string[] {
  const { boot, setup, download, load, passes } = rental.likely.stages;
  const number = `${String(rental.seq)}.`.padStart(3);
  const names = rental.configurations.map(({ model }) => modelName(model.id));
  const [first = "", ...others] = wrapText(names.join(", "), width, "    ");
  return [
    `${number}${first.slice(number.length)}`,
    ...others,
    `    minutes: boot ${formatShort(boot)}, set-up ${formatShort(setup)}, download ${formatShort(download)}, load ${formatShort(load)}, passes ${formatShort(passes)}`,
  ];
}

/** Minutes that are paid for and not used, and what they could measure. */
function idleLines(rentals: readonly PlannedRental[], width: number): readonly string[] {
  const idle = rentals.map(idleTime);
  const total = idle.reduce((sum, { minutes: one }) => sum + one, 0);
  const passes = idle.reduce((sum, one) => sum + one.passes, 0);
  if (passes === 0) return [];
  const text = `paid and idle: about ${minutes(total)}, enough for some ${String(passes)} more passes at no cost; raise \`passes\`, or add models or suites`;
  return wrapText(text, width);
}

/** Compares both packings, where they differ. */
function packingLines(packings: readonly PackingCost[], width: number): string[] {
  const [own, other] = packings;
  if (own === undefined || other === undefined || own.vms === other.vms) return [];
  const rows = packings.map((one) => [
    one === own ? `${one.packing} (this plan)` : one.packing,
    String(one.vms),
    `${formatUsd(one.likely.micros)} (${String(one.likely.hours)} h)`,
    `${formatUsd(one.worst.micros)} (${String(one.worst.hours)} h)`,
    minutes(one.wallMinutes),
    minutes(one.idleMinutes),
  ]);
  const [many, less] = own.vms > other.vms ? [own, other] : [other, own];
  const saved = many.likely.micros - less.likely.micros;
  const comparison = `fill-hours ${saved > 0 ? `saves ${formatUsd(saved)}` : "saves nothing"} and has ${String(many.vms - less.vms)} fewer VMs: results of a card then come from fewer machines, which is less evidence`;
  return ["", renderTable(PACKING, rows, { width, colour: false }), ...wrapText(comparison, width)];
}

function without({ length }: readonly PlannedRental[]): string {
  if (length === 0) return "";
  return ` without ${String(length)} sold-out ${length === 1 ? "rental" : "rentals"}`;
}

function left(cap: number, likely: number, worst: number): string {
  const after = (cost: number): string =>
    cost <= cap ? `${formatUsd(cap - cost)} left` : `${formatUsd(cost - cap)} short`;
  return `${after(likely)} after the likely cost, ${after(worst)} after the worst`;
}

function formatShort(minutes: number): string {
  return minutes < 10 ? minutes.toFixed(1) : String(Math.round(minutes));
}

function minutes(value: number): string {
  if (value < 60) return `${formatShort(value)} min`;
  return `${String(Math.floor(value / 60))} h ${String(Math.round(value % 60))} min`;
}
