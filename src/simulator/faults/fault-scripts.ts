import { z } from "zod";
import { MACHINE_FAULTS, REQUEST_FAULTS } from "./fault-actions.ts";

const namesOf = <Name extends string>(actions: Readonly<Record<Name, string>>): Name[] =>
  Object.keys(actions) as Name[];
const seconds = z.number().min(0).exactOptional();

const requestFault = z.strictObject({
  match: z.strictObject({
    method: z.string().exactOptional(),
    /** A regular expression for the path without the API's version. */
    path: z.string().refine(isPattern, "not a regular expression").exactOptional(),
  }),
  /** Number of the first matching request that is affected, from 1. */
  nth: z.int().min(1).exactOptional(),
  /** Number of affected requests; -1 = all. */
  count: z.int().min(-1).exactOptional(),
  action: z.enum(namesOf(REQUEST_FAULTS)),
  seconds: z.number().exactOptional(),
  after_seconds: seconds,
  status: z.int().min(100).max(599).exactOptional(),
  body: z.string().exactOptional(),
  headers: z.record(z.string(), z.string()).exactOptional(),
});

const machineFault = z.strictObject({
  vm: z.strictObject({
    type: z.string().exactOptional(),
    model: z.string().exactOptional(),
    /** Number of the affected VM among those of this `type`, from 1, in the order of creation. */
    nth: z.int().min(1).exactOptional(),
  }),
  action: z.enum(namesOf(MACHINE_FAULTS)),
  after_seconds: seconds,
  for_seconds: z.number().positive().exactOptional(),
  seconds,
  every_seconds: z.number().positive().exactOptional(),
  limit: z.int().min(1).exactOptional(),
});

const stockFault = z.strictObject({
  action: z.literal("no-stock"),
  region: z.string().optional(),
  type: z.string().optional(),
  /** Whether the availability list still shows the type as available. */
  advertised: z.boolean().optional(),
});

const addressFault = z.strictObject({
  action: z.literal("address-changes"),
  after_seconds: seconds,
});

/** A fault of API requests; see `REQUEST_FAULTS`. Seconds are virtual. */
export type ApiFault = z.infer<typeof requestFault>;
/** A fault of VMs; see `MACHINE_FAULTS`. */
export type MachineFault = z.infer<typeof machineFault>;
/** A type is sold out in a region; without `region` everywhere, without `type` all types. */
export type StockFault = z.infer<typeof stockFault>;
export type AddressFault = z.infer<typeof addressFault>;

/** Faults, grouped by their kind. */
export interface FaultScript {
  readonly api: readonly ApiFault[];
  readonly machines: readonly MachineFault[];
  readonly stock: readonly StockFault[];
  readonly address: readonly AddressFault[];
}

/** Parses one fault or a list. @throws RangeError with the fault's number and what is wrong with it */
export function parseFaults(value: unknown): FaultScript {
  const script = {
    api: [] as ApiFault[],
    machines: [] as MachineFault[],
    stock: [] as StockFault[],
    address: [] as AddressFault[],
  };
  const list: unknown[] = Array.isArray(value) ? value : [value];
  for (const [index, item] of list.entries()) {
    const read = <Fault>(schema: z.ZodType<Fault>): Fault => {
      const result = schema.safeParse(item);
      if (result.success) return result.data;
      throw new RangeError(`fault ${index + 1}: ${z.prettifyError(result.error)}`);
    };
    const fields = typeof item === "object" && item !== null ? item : {};
    if ("vm" in fields) script.machines.push(read(machineFault));
    else if ("match" in fields) script.api.push(read(requestFault));
    else if ("action" in fields && fields.action === "address-changes")
      script.address.push(read(addressFault));
    else script.stock.push(read(stockFault));
  }
  return script;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
