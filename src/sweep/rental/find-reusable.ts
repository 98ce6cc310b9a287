import type { Cloud, CloudVm } from "../../cloud/cloud.ts";
import { CloudError } from "../../cloud/cloud.ts";
import type { PlannedRental } from "../../estimate/estimate.ts";
import { configurationKey } from "../configuration-key.ts";
import type { EventOf, SweepEvent } from "../../journal/events.ts";
import { foldProgress, NO_PROGRESS } from "../../run-state/fold-progress.ts";
import { foldRun, openRentals } from "../../run-state/fold-run.ts";
import type { RentalStage, RentalState } from "../../run-state/run-state.ts";
import type { Clock } from "../../support/clock.ts";
import { matchesRequest } from "../../teardown/find-vm.ts";

/** A VM that a former owner of the run has left alive, and what it will do for us. */
export interface Reusable {
  readonly planned: PlannedRental;
  readonly rental: RentalState;
  readonly vm: CloudVm;
  /** The server of its first configuration may run there, with its weights loaded. */
  readonly serverMayBeRunning: boolean;
}

/** Nothing more is done with a VM that is leaving, or that a person has been given. */
const NOT_OURS: ReadonlySet<RentalStage> = new Set(["reserved", "held", "destroying"]);
/** Linode's words for a VM that is up or will be. */
const ALIVE: ReadonlySet<string> = new Set(["provisioning", "booting", "running", "rebooting"]);

/**
 * The rentals whose VMs still live, are ours, and have time enough left before their deadline for what the plan still
 * wants of them. They cost at most what fresh ones would: the hour is paid for, and nothing is set up again.
 * Their firewall will be opened for us, wherever we come from. @param rentals what is left of the plan
 */
export async function findReusable(
  rentals: readonly PlannedRental[],
  ports: {
    readonly cloud: Cloud;
    readonly clock: Clock;
    readonly events: readonly SweepEvent[];
  },
  signal: AbortSignal,
): Promise<readonly Reusable[]> {
  const { cloud, clock, events } = ports;
  const state = foldRun(events);
  if (state.firewall?.gone !== false) return [];
  const waiting = [...rentals];
  const found: Reusable[] = [];
  for (const rental of openRentals(state)) {
    if (NOT_OURS.has(rental.stage) || rental.createSentMs === undefined) continue;
    // Before the deadline is judged: only an answer tells the API's time.
    const vm = await livingVm(rental, cloud, signal);
    if (vm === undefined) continue;
    const onOurClock = { ...rental, deadlineMs: deadlineNow(rental, cloud) };
    const index = waiting.findIndex((planned) => suits(planned, onOurClock, clock.now()));
    const planned = waiting[index];
    if (planned === undefined) continue;
    waiting.splice(index, 1);
    const serverMayBeRunning = mayServe(planned, rental, events);
    found.push({ planned, rental: onOurClock, vm, serverMayBeRunning });
  }
  return found;
}

/** Its deadline on our clock, which may have been set since the VM was created. */
function deadlineNow(rental: RentalState, cloud: Cloud): number {
  const { createSentMs, createSentByApiClockMs, deadlineMs } = rental;
  const offsetMs = cloud.clockOffsetMs();
  if (createSentMs === undefined || createSentByApiClockMs === undefined || offsetMs === undefined)
    return deadlineMs;
  return deadlineMs + (createSentByApiClockMs - createSentMs) - offsetMs;
}

function suits(planned: PlannedRental, rental: RentalState, nowMs: number): boolean {
  const { download, load, passes } = planned.likely.stages;
  const enough = nowMs + (download + load + passes) * 60_000 <= rental.deadlineMs;
  const same = planned.gpuId === rental.gpu;
  return (
    same && enough && planned.configurations.every(({ model }) => rental.models.includes(model.id))
  );
}

async function livingVm(
  rental: RentalState,
  cloud: Cloud,
  signal: AbortSignal,
): Promise<CloudVm | undefined> {
  try {
    const [listed] = await cloud.listVms({ label: rental.label }, signal);
    const id = rental.vmId ?? listed?.id;
    const vm = id === undefined ? undefined : await cloud.getVm(id, signal);
    return vm !== undefined && matchesRequest(vm, rental) && ALIVE.has(vm.status) ? vm : undefined;
  } catch (error) {
    signal.throwIfAborted();
    // A VM that cannot be seen is not reused; it is destroyed.
    if (error instanceof CloudError) return undefined;
    throw error;
  }
}

function mayServe(
  planned: PlannedRental,
  rental: RentalState,
  events: readonly SweepEvent[],
): boolean {
  const [first] = planned.configurations;
  const started = events.findLast(
    (event): event is EventOf<"server.starting"> =>
      event.type === "server.starting" && event.label === rental.label,
  );
  const { model } = foldProgress(events).get(rental.label) ?? NO_PROGRESS;
  if (model === undefined || started === undefined || first === undefined) return false;
  if (started.configuration !== undefined) return started.configuration === configurationKey(first);
  return (
    started.model === first.model.id &&
    started.image === first.engine.image &&
    started.max_model_len === first.engine.maxModelLen
  );
}
