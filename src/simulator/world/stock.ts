import { lineOf, REGIONS, SOLD_IN } from "./regions.ts";

/** A region's shelf is empty; what is left out means any. */
export interface StockFault {
  readonly action: "no-stock";
  readonly region?: string | undefined;
  readonly type?: string | undefined;
  /** The availability list still says yes: the flag is advisory and can be stale. */
  readonly advertised?: boolean | undefined;
}

export interface StockRow {
  readonly region: string;
  readonly plan: string;
  readonly available: boolean;
}

/** May one be had there, really. */
export function inStock(typeId: string, region: string, faults: readonly StockFault[]): boolean {
  return sold(typeId, region) && !faults.some((fault) => matches(fault, typeId, region));
}

/**
 * `/regions/availability`: select plans in all core regions, far more rows than one page of 500 holds. Real
 * clients have taken the first page for the whole.
 */
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

function sold(typeId: string, region: string): boolean {
  const line = lineOf(typeId);
  return line !== undefined && SOLD_IN[line].includes(region);
}

function matches(fault: StockFault, typeId: string, region: string): boolean {
  return (fault.region ?? region) === region && (fault.type ?? typeId) === typeId;
}

const series = (prefix: string, sizes: readonly number[]): string[] =>
  sizes.map((size) => `${prefix}-${size}`);

/** Plans without a GPU fill most of the real list too; this world sells none of them. */
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
