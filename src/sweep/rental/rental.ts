import type { PlannedRental, RegionOffer } from "../../estimate/estimate.ts";
import { makeVmLabel } from "../../journal/label.ts";
import { MachineError } from "../../machine/machine.ts";
import type { Configuration } from "../../plan/coverage-plan.ts";
import { foldProgress } from "../../run-state/fold-progress.ts";
import { foldRun } from "../../run-state/fold-run.ts";
import { isoUtc } from "../../support/clock.ts";
import { errorText } from "../../support/errors.ts";
import { apiNow } from "../../teardown/api-time.ts";
import { destroyRental } from "../../teardown/destroy-rental.ts";
import { vmEventFields } from "../../teardown/find-vm.ts";
import { bootVm } from "./boot.ts";
import { createVm, currentRental, isFatal, type CreateEnd } from "./create.ts";
import type { Reusable } from "./find-reusable.ts";
import { failRental, giveUp } from "./give-up.ts";
import { keepFailedVm, holdForUser } from "./hold.ts";
import { LinkGone, type VmLink } from "./link.ts";
import { measureConfiguration } from "./measure.ts";
import type { RentalScope, RentedVm, SweepContext } from "./rental-scope.ts";
import { startServer } from "./start-server.ts";

/** One VM's life under its reservation. */
export interface Rental {
  readonly label: string;
  /**
   * From the create to the last pass. Rejects only for what ends the sweep too: a token that is refused, a newer owner.
   */
  use(): Promise<RentalEnd>;
  /**
   * Destroys whatever `use` has left, until the proof that it is gone; nothing, where it is held for a user.
   * @returns "unconfirmed" once the sweep's patience is over. @throws FencedError
   */
  destroy(): Promise<"gone" | "unconfirmed">;
}

export type RentalEnd =
  | { readonly kind: "ended" }
  | Exclude<CreateEnd, { readonly kind: "created" }>
  /** The VM did not come up. `stage` is `booting`, `connecting`, `setup at driver` ... */
  | { readonly kind: "not_ready"; readonly stage: string; readonly reason: string };

const ENDED: RentalEnd = { kind: "ended" };

/** Reserves a rental in the ledger. */
export async function reserveRental(
  planned: PlannedRental,
  offer: RegionOffer,
  context: SweepContext,
): Promise<Rental> {
  const { ports, settings } = context;
  const { clock, journal } = ports;
  const now = clock.now();
  const deadlineMs = now + planned.deadlineMinutes * 60_000;
  const reservedMs = planned.reservedHours * 3_600_000;
  const label = makeVmLabel({
    run: settings.run,
    seq: planned.seq,
    nonce: ports.nonce(4),
    // The reaper knows no other clock.
    expiresMs: apiNow(ports) + reservedMs,
  });
  const hostKey = ports.machines.newKey(label);
  await journal.append({
    type: "rental.reserved",
    label,
    rental: planned.seq,
    gpu: planned.gpuId,
    region: offer.region,
    models: planned.configurations.map(({ model }) => model.id),
    price_micro_usd: offer.hourly,
    hours: planned.reservedHours,
    micro_usd: offer.hourly * planned.reservedHours,
    deadline: isoUtc(deadlineMs),
    expires: isoUtc(now + reservedMs),
    host_key: hostKey.publicWire,
  });
  return createRental({ label, planned, deadlineMs }, context, (scope) =>
    createVm(offer, hostKey, scope),
  );
}

/** The rental of a VM that a former owner of the run has left alive, under its reservation. */
export function reuseRental(reusable: Reusable, context: SweepContext): Rental {
  const { planned, rental, vm, serverMayBeRunning } = reusable;
  const { label, deadlineMs, region, priceMicroUsd, hostKey } = rental;
  return createRental({ label, planned, deadlineMs }, context, async ({ ports }) => {
    const { clock, journal } = ports;
    if (rental.vmId === undefined)
      await journal.append({ type: "create.adopted", ...vmEventFields(vm) });
    const minutes = Math.floor((deadlineMs - clock.now()) / 60_000);
    await journal.append({ type: "rental.reused", label, minutes_left: minutes });
    const ipv4 = vm.ipv4 ?? rental.ipv4 ?? "";
    return {
      kind: "created",
      vm: { vmId: vm.id, ipv4, region, priceMicroUsd, hostKey, serverMayBeRunning },
    };
  });
}

function createRental(
  own: Pick<RentalScope, "label" | "planned" | "deadlineMs">,
  context: SweepContext,
  create: (scope: RentalScope) => Promise<CreateEnd>,
): Rental {
  const { label, planned, deadlineMs } = own;
  const { deadlines, ports, stop } = context;
  let reason = "all of it is measured";
  let held = false;
  const use = async (): Promise<RentalEnd> => {
    const signal = AbortSignal.any([stop, deadlines.open(label, deadlineMs)]);
    const scope = { ...context, ...own, signal };
    let vm: RentedVm | undefined;
    try {
      const created = await create(scope);
      if (created.kind !== "created") return created;
      ({ vm } = created);
      const work = await useVm(vm, scope);
      held = work === "held";
      if (work === "held" || work.length === 0) return ENDED;
      reason = `failed: ${work.join(", ")}`;
      await keepFailedVm(vm, reason, scope);
      return ENDED;
    } catch (error) {
      reason = errorText(signal.aborted ? signal.reason : error);
      if (vm === undefined) await giveUp(label, planned, planned.configurations, reason, ports);
      if (isFatal(error)) throw error;
      if (vm !== undefined) await keepFailedVm(vm, reason, scope);
      return error instanceof NotReady ? { kind: "not_ready", stage: error.stage, reason } : ENDED;
    } finally {
      deadlines.close(label);
    }
  };
  return {
    label,
    use,
    destroy: async () => (held ? "gone" : destroy(label, reason, context)),
  };
}

/** A VM that was created and did not come up. */
class NotReady extends Error {
  readonly stage: string;

  constructor(stage: string, cause: unknown) {
    super(errorText(cause), { cause });
    this.name = "NotReady";
    this.stage = stage;
  }
}

/**
 * What is done on a VM between its creation and its destruction. Failures of a model are journaled, and the next one
 * follows.
 * @returns the models that failed, or that the VM is held for the user.
 * @throws what ended the rental itself, after the journal has it; `NotReady` when the VM did not come up.
 */
async function useVm(vm: RentedVm, scope: RentalScope): Promise<readonly string[] | "held"> {
  const { label, planned, ports, settings, signal } = scope;
  const todo = [...planned.configurations];
  let link: VmLink | undefined;
  try {
    link = await comeUp(vm, scope);
    if (settings.leaveHeld) return await serveForUser(vm, link, scope);
    return await measureAll(todo, vm, link, scope);
  } catch (error) {
    const reason = errorText(signal.aborted ? signal.reason : error);
    if (error instanceof NotReady) await failRental(label, reason, ports);
    else await giveUp(label, planned, todo, reason, ports);
    throw error;
  } finally {
    link?.close();
  }
}

async function comeUp(vm: RentedVm, scope: RentalScope): Promise<VmLink> {
  const { label, ports, settings, signal } = scope;
  try {
    return await bootVm(vm, scope);
  } catch (error) {
    // A user who waits for a VM decides on another one.
    if (signal.aborted || isFatal(error) || settings.leaveHeld) throw error;
    const events = ports.journal.events();
    const stage = foldRun(events).rentals.get(label)?.stage ?? "booting";
    const setup = foldProgress(events).get(label)?.setup;
    throw new NotReady(
      stage === "setup" && setup !== undefined ? `setup at ${setup.stage}` : stage,
      error,
    );
  }
}

/** @param todo what is finished is taken out of it. @returns the models that failed */
async function measureAll(
  todo: Configuration[],
  vm: RentedVm,
  link: VmLink,
  scope: RentalScope,
): Promise<readonly string[]> {
  const failed: string[] = [];
  let { serverMayBeRunning } = vm;
  for (let next = todo[0]; next !== undefined; next = todo[0]) {
    const end = await measureConfiguration(next, serverMayBeRunning, vm, link, scope);
    if (end === "failed") failed.push(next.model.id);
    todo.shift();
    serverMayBeRunning = false;
    // After the last model the VM is about to be destroyed.
    if (todo.length > 0) await stopServer(next.model.id, link, scope);
  }
  return failed;
}

/** The next start stops whatever still runs: a stop that fails matters only when that fails, too. */
async function stopServer(model: string, link: VmLink, scope: RentalScope): Promise<void> {
  const { label, ports, signal } = scope;
  try {
    await link.run((machine) => machine.stopServer(signal));
    await ports.journal.append({ type: "server.stopped", label, model });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof MachineError) || error instanceof LinkGone) throw error;
  }
}

/** @returns "held", or the model that did not come up: then the VM has to go. */
async function serveForUser(
  vm: RentedVm,
  link: VmLink,
  scope: RentalScope,
): Promise<readonly string[] | "held"> {
  const { label, planned, ports, settings, signal } = scope;
  const [configuration] = planned.configurations;
  if (configuration === undefined) return [];
  const served = await link.run((machine, again) => {
    const serverMayBeRunning = vm.serverMayBeRunning || again;
    return startServer(
      { label, configuration, machine, serverMayBeRunning },
      ports,
      settings,
      signal,
    );
  });
  if (served.ready) {
    await holdForUser(vm, scope);
    return "held";
  }
  await giveUp(label, planned, [configuration], served.cause, ports);
  return [configuration.model.id];
}

/** Always, and never cut by the signal that ended the rental. */
async function destroy(
  label: string,
  reason: string,
  { ports, settings, patience }: SweepContext,
): Promise<"gone" | "unconfirmed"> {
  const { cloud, journal, ownership, clock, onAlarm, random } = ports;
  const rental = currentRental(label, ports);
  if (rental.stage === "settled") return "gone";
  const teardown = { cloud, journal, ownership, clock, onAlarm, random };
  const proved = new AbortController();
  clock.sleep(settings.destroyPatienceMs, proved.signal).then(
    () => onAlarm({ kind: "unconfirmed", label, message: "it is still being destroyed" }),
    () => undefined,
  );
  try {
    return await destroyRental({ ...teardown, rental, reason, patience: patience.expired() });
  } finally {
    proved.abort();
  }
}
