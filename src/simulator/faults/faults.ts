import { z } from "zod";
import type { MachineFault } from "../world/simulated-vm.ts";
import type { StockFault } from "../world/stock.ts";

/** What happens to a request that a script names. Seconds are virtual. */
export interface ApiFault {
  readonly match: { readonly method?: string | undefined; readonly path?: string | undefined };
  /** From which matching request on, from 1. */
  readonly nth?: number | undefined;
  /** To how many of them; -1 = for ever. */
  readonly count?: number | undefined;
  readonly action:
    /** The connection breaks before anything was done. */
    | "drop-before"
    /** It is done; the connection breaks before the answer. */
    | "commit-then-drop"
    /** The connection breaks; it is done `seconds` later. */
    | "commit-later"
    /** It is done at once and answered `seconds` later. */
    | "delay"
    /** Nothing is done; the answer is `status`, with `body` and `headers`. */
    | "status"
    /** A list as it was `seconds` ago. */
    | "stale-list"
    /** Answered as if the token were another account's. */
    | "wrong-account";
  readonly seconds?: number | undefined;
  readonly status?: number | undefined;
  readonly body?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface FaultScript {
  readonly api: readonly ApiFault[];
  readonly machines: readonly MachineFault[];
  readonly stock: readonly StockFault[];
}

const apiFault = z.strictObject({
  match: z.strictObject({
    method: z.string().optional(),
    path: z.string().refine(isPattern, "not a regular expression").optional(),
  }),
  nth: z.int().min(1).optional(),
  count: z.int().min(-1).optional(),
  action: z.enum([
    "drop-before",
    "commit-then-drop",
    "commit-later",
    "delay",
    "status",
    "stale-list",
    "wrong-account",
  ]),
  seconds: z.number().min(0).optional(),
  status: z.int().min(100).max(599).optional(),
  body: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
});

const machineFault = z.strictObject({
  vm: z.strictObject({
    type: z.string().exactOptional(),
    model: z.string().exactOptional(),
    nth: z.int().min(1).exactOptional(),
  }),
  action: z.enum([
    "boot-hangs",
    "ssh-freezes",
    "server-dies",
    "out-of-memory",
    "gated",
    "stalls",
    "throttles",
    "needs-reboot",
    "module-uninstallable",
    "setup-fails",
  ]),
  after_seconds: z.number().min(0).exactOptional(),
  for_seconds: z.number().positive().exactOptional(),
});

const stockFault = z.strictObject({
  action: z.literal("no-stock"),
  region: z.string().optional(),
  type: z.string().optional(),
  advertised: z.boolean().optional(),
});

/** @throws RangeError that names what is wrong with which script. */
export function parseFaults(value: unknown): FaultScript {
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  const script = {
    api: [] as ApiFault[],
    machines: [] as MachineFault[],
    stock: [] as StockFault[],
  };
  for (const [index, item] of list.entries()) {
    const read = <Fault>(schema: z.ZodType<Fault>): Fault => {
      const result = schema.safeParse(item);
      if (result.success) return result.data;
      throw new RangeError(`fault ${index + 1}: ${z.prettifyError(result.error)}`);
    };
    if (typeof item === "object" && item !== null && "vm" in item)
      script.machines.push(read(machineFault));
    else if (typeof item === "object" && item !== null && "match" in item)
      script.api.push(read(apiFault));
    else script.stock.push(read(stockFault));
  }
  return script;
}

/** The scripts for requests, each with its own count of those that matched. */
export interface ApiFaults {
  add(faults: readonly ApiFault[]): void;
  clear(): void;
  /** Counts the request for every script, and returns the first one that wants it. */
  claim(method: string, path: string): ApiFault | undefined;
}

export function createApiFaults(): ApiFaults {
  let scripts: { readonly fault: ApiFault; readonly path: RegExp; seen: number }[] = [];
  return {
    add(faults) {
      for (const fault of faults)
        scripts.push({ fault, path: new RegExp(fault.match.path ?? ""), seen: 0 });
    },
    clear() {
      scripts = [];
    },
    claim(method, path) {
      let claimed: ApiFault | undefined;
      for (const script of scripts) {
        const { match, nth = 1, count = 1 } = script.fault;
        if ((match.method ?? method).toUpperCase() !== method || !script.path.test(path)) continue;
        script.seen += 1;
        const isDue = script.seen >= nth && (count === -1 || script.seen < nth + count);
        if (isDue) claimed ??= script.fault;
      }
      return claimed;
    },
  };
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
