import type { EventOf, EventType, Facts, FoundVm, SweepEvent } from "../journal/events.ts";
import { parseLabel } from "../journal/label.ts";
import type { RentalStage, RentalState } from "./run-state.ts";

const FINAL_STAGES: ReadonlySet<RentalStage> = new Set<RentalStage>([
  "destroying",
  "gone",
  "settled",
]);

/** A rental at its reservation. If its times are unreadable, they are taken from the label. */
export function newRental(
  reserved: Readonly<Facts["rental.reserved"]>,
  sinceMs: number,
): RentalState {
  const labelMs = parseLabel(reserved.label)?.expiresMs;
  const expiresMs = Date.parse(reserved.expires) || (labelMs ?? 0);
  return {
    label: reserved.label,
    rental: reserved.rental,
    gpu: reserved.gpu,
    region: reserved.region,
    models: reserved.models,
    stage: "reserved",
    sinceMs,
    vmId: undefined,
    ipv4: undefined,
    hostKey: reserved.host_key,
    deadlineMs: Date.parse(reserved.deadline) || expiresMs,
    expiresMs,
    expiresByApiClockMs: labelMs ?? expiresMs,
    heldUntilMs: undefined,
    failure: undefined,
    priceMicroUsd: reserved.price_micro_usd,
    reservedHours: reserved.hours,
    reservedMicroUsd: reserved.micro_usd,
    createSentMs: undefined,
    createSentByApiClockMs: undefined,
    createSentBy: undefined,
    creates: 0,
    vms: 0,
    createdMs: undefined,
    absentChecks: 0,
    absentSinceMs: undefined,
    goneMs: undefined,
    goneByApiClockMs: undefined,
    goneBy: undefined,
    settled: undefined,
  };
}

type Change = Partial<RentalState> & { readonly to?: RentalStage };
type Step<T extends EventType> = (event: EventOf<T>, rental: RentalState, ms: number) => Change;

/** The rental after one more of its own events. */
export function foldRental(rental: RentalState, event: SweepEvent, ms: number): RentalState {
  const step = STEPS[event.type] as Step<EventType> | undefined;
  const { to = rental.stage, ...changes } = step?.(event, rental, ms) ?? {};
  // A late event does not change the stage of a VM that is being destroyed.
  const ended = FINAL_STAGES.has(rental.stage) && !FINAL_STAGES.has(to);
  if (ended || to === rental.stage) return { ...rental, ...changes };
  return { ...rental, ...changes, stage: to, sinceMs: ms };
}

const STEPS: { readonly [T in EventType]?: Step<T> } = {
  "create.intended": ({ gpu, region, price_micro_usd: priceMicroUsd }) => ({
    to: "creating",
    gpu,
    region,
    priceMicroUsd,
  }),
  "create.sent": ({ by_the_api: api, gen }, rental, ms) => ({
    to: "creating",
    createSentMs: rental.createSentMs ?? ms,
    createSentByApiClockMs:
      rental.createSentMs === undefined ? msOf(api) : rental.createSentByApiClockMs,
    createSentBy: gen,
    // A create without an answer may still succeed after the retry, which gives two VMs. A rejected one cannot.
    creates: rental.stage === "unknown" ? rental.creates + 1 : Math.max(1, rental.creates),
    absentChecks: 0,
    absentSinceMs: undefined,
  }),
  "create.acknowledged": found,
  "create.adopted": found,
  "create.unknown": () => ({ to: "unknown" }),
  "create.absent": ({ look }, { absentSinceMs }, ms) => ({
    absentChecks: look,
    absentSinceMs: absentSinceMs ?? ms,
  }),
  "boot.running": () => ({ to: "connecting" }),
  "ssh.ready": () => ({ to: "setup" }),
  "setup.progressed": () => ({ to: "setup" }),
  "machine.ready": () => ({ to: "ready" }),
  "server.starting": () => ({ to: "serving" }),
  "server.progressed": () => ({ to: "serving" }),
  "server.ready": () => ({ to: "warming" }),
  "server.failed": () => ({ to: "ready" }),
  "server.stopped": () => ({ to: "ready" }),
  "pass.started": () => ({ to: "measuring" }),
  "test.finished": () => ({ to: "measuring" }),
  "rental.held": ({ until }) => ({ to: "held", heldUntilMs: Date.parse(until) }),
  "rental.failed": ({ reason }) => ({ failure: reason }),
  "destroy.intended": () => ({ to: "destroying", heldUntilMs: undefined }),
  "destroy.sent": ({ vm_id: vmId }, rental) => ({
    to: "destroying",
    vmId,
    vms: countVms(rental, vmId),
  }),
  "rental.gone": ({ by_the_api: api, gen }, _rental, ms) => ({
    to: "gone",
    goneMs: ms,
    goneByApiClockMs: msOf(api),
    goneBy: gen,
  }),
  "rental.settled": ({ hours, micro_usd: microUsd }) => ({
    to: "settled",
    settled: { hours, microUsd },
  }),
};

/** A VM may also appear after the rental was confirmed deleted; it must then be destroyed. */
function found(vm: FoundVm, rental: RentalState): Change {
  const { vm_id: vmId, ipv4, created } = vm;
  const changes = {
    vmId,
    vms: countVms(rental, vmId),
    createdMs: rental.createdMs ?? (created === undefined ? undefined : Date.parse(created)),
    ipv4,
    gpu: rental.gpu || (vm.gpu ?? ""),
    region: rental.region || (vm.region ?? ""),
    priceMicroUsd: rental.priceMicroUsd || (vm.price_micro_usd ?? 0),
  };
  const closed = rental.stage === "gone" || rental.stage === "settled";
  if (!closed) return { to: "booting", ...changes };
  return { to: "destroying", ...changes, goneMs: undefined, settled: undefined };
}

function msOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}

function countVms({ vms, vmId }: RentalState, next: number): number {
  return vms + (next === vmId ? 0 : 1);
}
