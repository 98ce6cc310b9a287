import type { GpuType } from "../../catalog/gpu-types.ts";
import type { MicroUsd } from "../../support/money.ts";
import { lineOf } from "./regions.ts";

/** The GPU types of the simulated Linode and their prices. */
export interface PriceList {
  /** Types that are not public are listed with a token only. */
  types(withToken: boolean): readonly GpuType[];
  readonly find: (typeId: string) => GpuType | undefined;
  hourly(typeId: string, region: string): MicroUsd;
  /** Prices of regions that differ, as in `region_prices`. */
  exceptions(typeId: string): readonly { readonly region: string; readonly hourly: MicroUsd }[];
  /** Changes the price of new VMs, in all regions in proportion. @throws RangeError for an unknown type */
  setHourly(typeId: string, hourly: MicroUsd): void;
}

/** Only the Blackwell types cost more in some regions; ratios as of May 2026. */
const SURCHARGES: readonly (readonly [region: string, factor: number])[] = [
  ["id-cgk", 1.2],
  ["br-gru", 1.4],
];

export function createPriceList(gpuTypes: readonly GpuType[]): PriceList {
  const prices = new Map(gpuTypes.map((type) => [type.id, type.hourly]));
  const base = (typeId: string): MicroUsd => {
    const hourly = prices.get(typeId);
    if (hourly === undefined) throw new RangeError(`no such type: ${typeId}`);
    return hourly;
  };
  const exceptions: PriceList["exceptions"] = (typeId) =>
    lineOf(typeId) === "g3"
      ? SURCHARGES.map(([region, factor]) => ({
          region,
          hourly: Math.round(base(typeId) * factor),
        }))
      : [];
  return {
    types: (withToken) => gpuTypes.filter((type) => type.public || withToken),
    find: (typeId) => gpuTypes.find((type) => type.id === typeId),
    hourly: (typeId, region) =>
      exceptions(typeId).find((exception) => exception.region === region)?.hourly ?? base(typeId),
    exceptions,
    setHourly(typeId, hourly) {
      base(typeId);
      prices.set(typeId, hourly);
    },
  };
}
