import type PQueue from "p-queue";
import type { PlannedRental } from "../estimate/estimate.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";
import type { SweepPorts } from "./ports.ts";
import type { SweepContext } from "./rental/rental-scope.ts";

/** The state of the admission of rentals. */
export interface Admission {
  readonly context: SweepContext;
  /** Ends the sweep with all running rentals. */
  readonly abort: (error: unknown) => void;
  readonly waiting: PlannedRental[];
  readonly running: Set<Promise<void>>;
  /** Without an abort signal: with one, `onIdle` would resolve while a job still uses its VM. */
  readonly lanes: PQueue;
  readonly breaker: CircuitBreaker;
  /** Why earlier attempts of an entry failed, by `seq`. */
  readonly refusals: Map<number, readonly string[]>;
  /** How many creates of an entry made no VM, by `seq`. */
  readonly lostCreates: Map<number, number>;
  /** The entries, by `seq`, that did not fit the budget. */
  readonly shortOfMoney: Set<number>;
  /** The number of concurrent rentals; lowered when the account reaches its limit. */
  limit: number;
  /** On the monotonic clock. */
  apiDownSinceMs: number | undefined;
  /** Why no more rentals are admitted; running ones continue. */
  halted: Error | undefined;
}

/** Puts an entry back at the head of the queue. */
export function requeue(planned: PlannedRental, reason: string, admission: Admission): void {
  const { seq } = planned;
  admission.refusals.set(seq, [...(admission.refusals.get(seq) ?? []), reason]);
  admission.waiting.unshift(planned);
}

/** Takes an entry from the queue and journals that it was not started. */
export async function dropEntry(
  planned: PlannedRental,
  reason: string,
  admission: Admission,
): Promise<void> {
  takeFromQueue(admission.waiting, planned);
  await recordNotStarted(planned, reason, admission.context.ports);
}

export function takeFromQueue(waiting: PlannedRental[], planned: PlannedRental): void {
  const index = waiting.indexOf(planned);
  if (index >= 0) waiting.splice(index, 1);
}

/** Journals that an entry got no VM, or only VMs that failed to start. */
export async function recordNotStarted(
  planned: PlannedRental,
  reason: string,
  { journal }: Pick<SweepPorts, "journal">,
): Promise<void> {
  const { seq: rental, gpuId: gpu, configurations } = planned;
  const models = configurations.map(({ model }) => model.id);
  await journal.append({ type: "entry.not_started", rental, gpu, models, reason });
}
