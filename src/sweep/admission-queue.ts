import type PQueue from "p-queue";
import type { PlannedRental } from "../estimate/estimate.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";
import type { SweepPorts } from "./ports.ts";
import type { SweepContext } from "./rental/rental-scope.ts";

export interface Admission {
  readonly context: SweepContext;
  /** Ends the whole sweep, running rentals too. */
  readonly abort: (error: unknown) => void;
  readonly waiting: PlannedRental[];
  readonly running: Set<Promise<void>>;
  /** Never given the signal: `onIdle` would resolve while a job is still using its VM. */
  readonly lanes: PQueue;
  readonly breaker: CircuitBreaker;
  /** Why an entry was turned down so far, and how often its create was lost; by `seq`. */
  readonly refusals: Map<number, readonly string[]>;
  readonly lostCreates: Map<number, number>;
  readonly shortOfMoney: Set<number>;
  /** Rentals at once; fewer than the plan's once the account has met a limit. */
  limit: number;
  /** By the monotonic clock. */
  apiDownSinceMs: number | undefined;
  /** Why nothing more is admitted; rentals that are running continue. */
  halted: Error | undefined;
}

/** It is next again. */
export function requeue(planned: PlannedRental, reason: string, admission: Admission): void {
  const { seq } = planned;
  admission.refusals.set(seq, [...(admission.refusals.get(seq) ?? []), reason]);
  admission.waiting.unshift(planned);
}

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

/** Journals that an entry got no VM, or none that came up. */
export async function recordNotStarted(
  planned: PlannedRental,
  reason: string,
  { journal }: Pick<SweepPorts, "journal">,
): Promise<void> {
  const { seq: rental, gpuId: gpu, configurations } = planned;
  const models = configurations.map(({ model }) => model.id);
  await journal.append({ type: "entry.not_started", rental, gpu, models, reason });
}
