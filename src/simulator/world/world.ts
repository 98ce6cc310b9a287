import type { GpuType } from "../../catalog/gpu-types.ts";
import { type Coefficients, createJobDelays } from "./coefficients.ts";
import { createEventQueue } from "./event-queue.ts";
import { createFirewalls, type Firewalls } from "./firewalls.ts";
import { createLoopbackAddresses } from "./loopback-addresses.ts";
import { createPriceList, type PriceList } from "./price-list.ts";
import { createRandom } from "./random.ts";
import type { AddressFault, MachineFault, StockFault } from "../faults/fault-scripts.ts";
import type { SshMachines } from "./simulated-vm.ts";
import { inStock, soldOut, type StockRow, stockRows } from "./stock.ts";
import { createTokenBook, type TokenBook } from "./tokens.ts";
import { createVms, type Vms } from "./vms.ts";

/** The simulated cloud: a state machine driven by a clock. No method waits. */
export interface World {
  readonly id: string;
  readonly now: () => number;
  readonly tokens: TokenBook;
  readonly prices: PriceList;
  readonly firewalls: Firewalls;
  readonly vms: Vms;
  stock(): readonly StockRow[];
  addMachineFaults(faults: readonly MachineFault[]): void;
  addStockFaults(faults: readonly StockFault[]): void;
  addAddressFaults(faults: readonly AddressFault[]): void;
  /** The range from which the client reaches the VMs; another one after each change of its address. */
  clientCidr(): string;
  clearFaults(): void;
  /** Runs all events that are due by the current time, in order. */
  settle(): void;
  /** Schedules `act` in `seconds`. */
  after(seconds: number, act: () => void): void;
  /** When the next event is due; undefined if none is scheduled. */
  nextDueMs(): number | undefined;
  onScheduled(listener: () => void): void;
}

export interface WorldOptions {
  readonly id: string;
  readonly token: string;
  readonly seed: number;
  /** Factor for all durations; 1 = realistic. */
  readonly delays: number;
  /** The x of 127.64.x.y. */
  readonly subnet: number;
  readonly now: () => number;
  readonly gpuTypes: readonly GpuType[];
  readonly coefficients: Coefficients;
  readonly machines: Pick<SshMachines, "powerOn" | "powerOff" | "dropForbiddenConnections">;
  readonly onProblem: (error: unknown) => void;
}

export function createWorld(options: WorldOptions): World {
  const { now } = options;
  const queue = createEventQueue();
  const prices = createPriceList(options.gpuTypes);
  const firewalls = createFirewalls();
  let machineFaults: readonly MachineFault[] = [];
  let stockFaults: readonly StockFault[] = [];
  let addressFaults = 0;
  let addressChanges = 0;
  const typeIds = options.gpuTypes.map((type) => type.id);
  const random = createRandom(options.seed);
  const seedShortages = soldOut(options.seed, typeIds, random.named("stock"));
  const shortages = (): readonly StockFault[] => [...seedShortages, ...stockFaults];
  return {
    id: options.id,
    now,
    tokens: createTokenBook(options.token),
    prices,
    firewalls,
    vms: createVms({
      now,
      queue,
      addresses: createLoopbackAddresses(options.subnet),
      prices,
      firewalls,
      coefficients: options.coefficients,
      delays: createJobDelays(random.named("world"), options.delays),
      machines: options.machines,
      hasStock: (typeId, region) => inStock(typeId, region, shortages()),
      machineFaults: () => machineFaults,
      onProblem: options.onProblem,
    }),
    stock: () => stockRows(typeIds, shortages()),
    addMachineFaults(faults) {
      machineFaults = [...machineFaults, ...faults];
    },
    addStockFaults(faults) {
      stockFaults = [...stockFaults, ...faults];
    },
    addAddressFaults(faults) {
      const round = addressFaults;
      for (const { after_seconds: seconds = 0 } of faults)
        queue.at(now() + seconds * 1_000, () => {
          if (round !== addressFaults) return;
          addressChanges += 1;
          firewalls.outdateRules();
          options.machines.dropForbiddenConnections();
        });
    },
    // Connections still come from 127.0.0.1, so that each new range has to contain it.
    clientCidr: () => `127.0.0.1/${String(Math.max(8, 32 - addressChanges))}`,
    clearFaults() {
      machineFaults = [];
      stockFaults = [];
      addressFaults += 1;
    },
    settle: () => queue.runUntil(now()),
    after: (seconds, act) => queue.at(now() + seconds * 1_000, act),
    nextDueMs: queue.next,
    onScheduled: queue.onAdded,
  };
}
