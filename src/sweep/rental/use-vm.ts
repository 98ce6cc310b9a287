import { MachineError } from "../../machine/machine.ts";
import type { Configuration } from "../../plan/coverage-plan.ts";
import { foldProgress } from "../../run-state/fold-progress.ts";
import { foldRun } from "../../run-state/fold-run.ts";
import { errorText } from "../../support/errors.ts";
import { bootVm } from "./boot-vm.ts";
import { isFatal } from "./create-vm.ts";
import { failRental, failConfigurations } from "./fail-rental.ts";
import { holdForUser } from "./hold-vm.ts";
import { LinkGone, type VmLink } from "./link.ts";
import { measureConfiguration } from "./measure.ts";
import type { RentalScope, RentedVm } from "./rental-scope.ts";
import { startServer } from "./start-server.ts";

/** A VM that was created and did not come up. */
export class NotReady extends Error {
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
export async function useVm(vm: RentedVm, scope: RentalScope): Promise<readonly string[] | "held"> {
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
    else await failConfigurations(label, planned, todo, reason, ports);
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
  await failConfigurations(label, planned, [configuration], served.cause, ports);
  return [configuration.model.id];
}
