import type { StockFault } from "../faults/fault-scripts.ts";
import type { Random } from "./random.ts";
import { lineOf, REGIONS, SOLD_IN } from "./regions.ts";

/** With the seeds 1 to 5, every type is in stock; 1 is the default. */
const FULL_STOCK_SEEDS = 5;
/** Probability that a type is sold out everywhere with another seed, after public polls of the stock in mid 2026. */
const SOLD_OUT_SHARES: readonly (readonly [type: RegExp, share: number])[] = [
  [/^g1-gpu-rtx6000-4$/, 1],
  [/^g1-/, 0.7],
  [/^g2-gpu-rtx4000a4/, 0.3],
  [/^g3-/, 0.3],
];

export interface StockRow {
  readonly region: string;
  readonly plan: string;
  readonly available: boolean;
}

/** Faults for the types that are sold out everywhere with this seed. */
export function soldOut(seed: number, typeIds: readonly string[], random: Random): StockFault[] {
  if (seed >= 1 && seed <= FULL_STOCK_SEEDS) return [];
  return typeIds
    .filter((id) => {
      const share = SOLD_OUT_SHARES.find(([type]) => type.test(id))?.[1] ?? 0;
      // All sizes with the same number of GPUs sell out together.
      const model = id.replace(/-[a-z]+$/, "");
      return random.named(model).next() < share;
    })
    .map((type) => ({ action: "no-stock", type }));
}

/** Whether a create would succeed, even if the availability list says otherwise. */
export function inStock(typeId: string, region: string, faults: readonly StockFault[]): boolean {
  return isOffered(typeId, region) && !faults.some((fault) => matches(fault, typeId, region));
}

/** The rows of `/regions/availability`, more than fit on one page of 500. */
export function stockRows(typeIds: readonly string[], faults: readonly StockFault[]): StockRow[] {
  const visible = faults.filter((fault) => fault.advertised !== true);
  return REGIONS.filter((region) => region.site === "core").flatMap((region) =>
    [...OTHER_PLANS, ...typeIds].map((plan) => ({
      region: region.id,
      plan,
      available: inStock(plan, region.id, visible),
    })),
  );
}

function isOffered(typeId: string, region: string): boolean {
  const line = lineOf(typeId);
  return line !== undefined && SOLD_IN[line].includes(region);
}

function matches(fault: StockFault, typeId: string, region: string): boolean {
  return (fault.region ?? region) === region && (fault.type ?? typeId) === typeId;
}

const series = (prefix: string, sizes: readonly number[]): string[] =>
  sizes.map((size) => `${prefix}-${size}`);

/** Types without a GPU, which make up most of the real list. They are listed here but cannot be created. */
export const OTHER_PLANS: readonly string[] = [
  "g6-nanode-1",
  ...series("g6-standard", [1, 2, 4, 6, 8, 16, 20, 24, 32]),
  ...series("g6-dedicated", [2, 4, 8, 16, 32, 48, 50, 56, 64]),
  ...series("g7-highmem", [1, 2, 4, 8, 16]),
  ...series("g7-premium", [2, 4, 8, 16, 32, 48, 50, 56, 64]),
  "g1-accelerated-netint-vpu-t1u1-s",
  "g1-accelerated-netint-vpu-t1u1-m",
  "g1-accelerated-netint-vpu-t1u2-s",
];
