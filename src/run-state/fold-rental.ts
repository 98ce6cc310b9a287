import type { EventOf, EventType, Facts, FoundVm, SweepEvent } from "../journal/events.ts";
import { parseLabel } from "../journal/label.ts";
import type { RentalStage, RentalState } from "./run-state.ts";

const LEAVING: ReadonlySet<RentalStage> = new Set<RentalStage>(["destroying", "gone", "settled"]);

/** A rental at its reservation; times that cannot be read come from the label. */
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
    vms: 0,
    createdMs: undefined,
    ipv4: undefined,
    hostKey: reserved.host_key,
    deadlineMs: Date.parse(reserved.deadline) || expiresMs,
    expiresMs,
    expiresByTheApiMs: labelMs ?? expiresMs,
    heldUntilMs: undefined,
    priceMicroUsd: reserved.price_micro_usd,
    reservedHours: reserved.hours,
    reservedMicroUsd: reserved.micro_usd,
    createSentMs: undefined,
    createSentByTheApiMs: undefined,
    creates: 0,
    goneMs: undefined,
    goneByTheApiMs: undefined,
    absentLooks: 0,
    absentSinceMs: undefined,
    heardFrom: undefined,
    heardMs: sinceMs,
    inDoubt: false,
    settled: undefined,
    failure: undefined,
    model: undefined,
    pass: undefined,
    passes: undefined,
    test: undefined,
    testIndex: undefined,
    tests: undefined,
    tokensPerSec: undefined,
    setup: undefined,
    download: undefined,
  };
}

const IDLE = {
  model: undefined,
  pass: undefined,
  passes: undefined,
  test: undefined,
  testIndex: undefined,
  tests: undefined,
  tokensPerSec: undefined,
  setup: undefined,
  download: undefined,
} satisfies Partial<RentalState>;

type Change = Partial<RentalState> & { readonly to?: RentalStage };
type Step<T extends EventType> = (event: EventOf<T>, rental: RentalState, ms: number) => Change;

/** The rental after one more of its own events. */
export function foldRental(rental: RentalState, event: SweepEvent, ms: number): RentalState {
  const step = STEPS[event.type] as Step<EventType> | undefined;
  const { to = rental.stage, ...changed } = step?.(event, rental, ms) ?? {};
  const changes = { ...changed, ...trackOwner(rental, event, ms) };
  // What is being destroyed never comes back, whatever a late fact says.
  const kept = LEAVING.has(rental.stage) && !LEAVING.has(to);
  if (kept || to === rental.stage) return { ...rental, ...changes };
  return { ...rental, ...changes, stage: to, sinceMs: ms };
}

const STEPS: { readonly [T in EventType]?: Step<T> } = {
  "create.intended": ({ gpu, region, price_micro_usd: priceMicroUsd }) => ({
    to: "creating",
    gpu,
    region,
    priceMicroUsd,
  }),
  "create.sent": ({ by_the_api: api }, rental, ms) => ({
    to: "creating",
    createSentMs: rental.createSentMs ?? ms,
    createSentByTheApiMs:
      rental.createSentMs === undefined ? msOf(api) : rental.createSentByTheApiMs,
    // One that was refused is sent again; one that was lost may arrive beside its successor.
    creates: rental.stage === "unknown" ? rental.creates + 1 : Math.max(1, rental.creates),
    absentLooks: 0,
    absentSinceMs: undefined,
  }),
  "create.acknowledged": found,
  "create.adopted": found,
  "create.unknown": () => ({ to: "unknown" }),
  "create.absent": ({ look }, { absentSinceMs }, ms) => ({
    absentLooks: look,
    absentSinceMs: absentSinceMs ?? ms,
  }),
  "boot.running": () => ({ to: "connecting" }),
  "ssh.ready": () => ({ to: "setup" }),
  "setup.progressed": ({ stage, index, stages }) => ({
    to: "setup",
    setup: { stage, index, stages },
  }),
  "machine.ready": () => ({ to: "ready", setup: undefined }),
  "server.starting": ({ model }) => ({ to: "serving", ...IDLE, model }),
  "server.progressed": ({ bytes, total_bytes: total }) => ({
    to: "serving",
    download: { bytes, totalBytes: total ?? undefined },
  }),
  "server.ready": () => ({ to: "warming", download: undefined }),
  "server.failed": () => ({ to: "ready", ...IDLE }),
  "server.stopped": () => ({ to: "ready", ...IDLE }),
  "pass.started": ({ model, pass, passes, tests }) => ({
    to: "measuring",
    model,
    pass,
    passes,
    tests,
    testIndex: 0,
    test: undefined,
  }),
  "test.finished": ({ test, index, tests, tokens_per_sec: rate }) => ({
    to: "measuring",
    test,
    testIndex: index,
    tests,
    tokensPerSec: rate ?? undefined,
  }),
  "rental.held": ({ until }) => ({ to: "held", heldUntilMs: Date.parse(until) }),
  "rental.failed": ({ reason }) => ({ failure: reason }),
  "destroy.intended": () => ({ to: "destroying", ...IDLE, heldUntilMs: undefined }),
  "destroy.sent": ({ vm_id: vmId }, rental) => ({
    to: "destroying",
    vmId,
    vms: countVms(rental, vmId),
  }),
  "rental.gone": ({ by_the_api: api }, _rental, ms) => ({
    to: "gone",
    ...IDLE,
    goneMs: ms,
    goneByTheApiMs: msOf(api),
  }),
  "rental.settled": ({ hours, micro_usd: microUsd }) => ({
    to: "settled",
    settled: { hours, microUsd },
  }),
};

/** No VM can be created, found, destroyed and gone from the list within so short a time. */
const SHORT_SILENCE_MS = 5_000;
/** The last create of a rental is sent, and has arrived, before it is so old. */
const LATEST_TWIN_MS = 1_200_000;

/**
 * An owner whose disk takes nothing finds and destroys all the same: where another one comes after a silence, a
 * create that was left without an outcome may have had one.
 */
function trackOwner(rental: RentalState, { gen }: SweepEvent, ms: number): Partial<RentalState> {
  const word = { heardFrom: gen, heardMs: ms };
  const { creates, createSentMs = 0, goneMs, heardFrom, heardMs, inDoubt, vms } = rental;
  const isHeir = heardFrom !== undefined && heardFrom !== gen;
  const wasSilent = Math.abs(ms - heardMs) > SHORT_SILENCE_MS;
  const wasEarly = vms === 0 || heardMs - createSentMs < LATEST_TWIN_MS;
  const mayBeMore = goneMs === undefined && vms < creates && wasEarly;
  return { ...word, inDoubt: inDoubt || (isHeir && wasSilent && mayBeMore) };
}

/** A VM that shows up after it was believed absent, or after another one was gone, is as open as any. */
function found(vm: FoundVm, rental: RentalState): Change {
  const { vm_id: vmId, ipv4, created } = vm;
  const known = {
    vmId,
    vms: countVms(rental, vmId),
    createdMs: rental.createdMs ?? (created === undefined ? undefined : Date.parse(created)),
    ipv4,
    gpu: rental.gpu || (vm.gpu ?? ""),
    region: rental.region || (vm.region ?? ""),
    priceMicroUsd: rental.priceMicroUsd || (vm.price_micro_usd ?? 0),
  };
  const closed = rental.stage === "gone" || rental.stage === "settled";
  if (!closed) return { to: "booting", ...known };
  return { to: "destroying", ...known, goneMs: undefined, settled: undefined };
}

function msOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}

function countVms({ vms, vmId }: RentalState, next: number): number {
  return vms + (next === vmId ? 0 : 1);
}
