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

/** A running VM of a former owner, and the planned rental that it can be used for. */
export interface Reusable {
  readonly planned: PlannedRental;
  readonly rental: RentalState;
  readonly vm: CloudVm;
  /** Whether the server of the first configuration may be running, with its weights loaded. */
  readonly serverMayBeRunning: boolean;
}

const NOT_REUSABLE: ReadonlySet<RentalStage> = new Set(["reserved", "held", "destroying"]);
/** Linode's statuses of a VM that is running or about to. */
const RUNNING: ReadonlySet<string> = new Set(["provisioning", "booting", "running", "rebooting"]);

/**
 * Finds the VMs of a former owner that still exist and have enough time before their deadline for the remaining work.
 * Using one costs no more than a new VM: its current hour is paid for, and it is already set up. The caller opens their
 * firewall for its own address.
 * @param rentals the remaining rentals of the plan
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
    if (NOT_REUSABLE.has(rental.stage) || rental.createSentMs === undefined) continue;
    // This request comes first because `deadlineNow` needs the API's time from a response.
    const vm = await findRunningVm(rental, cloud, signal);
    if (vm === undefined) continue;
    const onOurClock = { ...rental, deadlineMs: deadlineNow(rental, cloud) };
    const index = waiting.findIndex((planned) => canServe(planned, onOurClock, clock.now()));
    const planned = waiting[index];
    if (planned === undefined) continue;
    waiting.splice(index, 1);
    const serverMayBeRunning = mayServerBeRunning(planned, rental, events);
    found.push({ planned, rental: onOurClock, vm, serverMayBeRunning });
  }
  return found;
}

/** The deadline on our clock, corrected if that clock was set since the VM was created. */
function deadlineNow(rental: RentalState, cloud: Cloud): number {
  const { createSentMs, createSentByApiClockMs, deadlineMs } = rental;
  const offsetMs = cloud.clockOffsetMs();
  if (createSentMs === undefined || createSentByApiClockMs === undefined || offsetMs === undefined)
    return deadlineMs;
  return deadlineMs + (createSentByApiClockMs - createSentMs) - offsetMs;
}

function canServe(planned: PlannedRental, rental: RentalState, nowMs: number): boolean {
  const { download, load, passes } = planned.likely.stages;
  const hasTime = nowMs + (download + load + passes) * 60_000 <= rental.deadlineMs;
  const isSameType = planned.gpuId === rental.gpu;
  return (
    isSameType &&
    hasTime &&
    planned.configurations.every(({ model }) => rental.models.includes(model.id))
  );
}

async function findRunningVm(
  rental: RentalState,
  cloud: Cloud,
  signal: AbortSignal,
): Promise<CloudVm | undefined> {
  try {
    const [listed] = await cloud.listVms({ label: rental.label }, signal);
    const id = rental.vmId ?? listed?.id;
    const vm = id === undefined ? undefined : await cloud.getVm(id, signal);
    return vm !== undefined && matchesRequest(vm, rental) && RUNNING.has(vm.status)
      ? vm
      : undefined;
  } catch (error) {
    signal.throwIfAborted();
    // The VM is then not reused but destroyed.
    if (error instanceof CloudError) return undefined;
    throw error;
  }
}

function mayServerBeRunning(
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
