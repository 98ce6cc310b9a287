import type { GpuType } from "../../catalog/gpu-types.ts";
import type { MicroUsd } from "../../support/money.ts";
import { lineOf } from "./regions.ts";

/** What the simulated Linode sells, and at which prices. */
export interface PriceList {
  /** Gated plans are shown with a token only. */
  types(withToken: boolean): readonly GpuType[];
  readonly find: (typeId: string) => GpuType | undefined;
  hourly(typeId: string, region: string): MicroUsd;
  /** Exceptions only, as `region_prices` has them. */
  exceptions(typeId: string): readonly { readonly region: string; readonly hourly: MicroUsd }[];
  /** From now on, in all regions in proportion. @throws RangeError for a type that is not sold. */
  setHourly(typeId: string, hourly: MicroUsd): void;
}

/** Only the Blackwell plans cost more in some regions; the ratios are those seen in May 2026. */
const DEARER: readonly (readonly [region: string, factor: number])[] = [
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
      ? DEARER.map(([region, factor]) => ({ region, hourly: Math.round(base(typeId) * factor) }))
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
