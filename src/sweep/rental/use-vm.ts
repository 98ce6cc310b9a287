import { MachineError } from "../../machine/machine.ts";
import type { Configuration } from "../../plan/coverage-plan.ts";
import { foldProgress } from "../../run-state/fold-progress.ts";
import { foldRun } from "../../run-state/fold-run.ts";
import { errorText } from "../../support/errors.ts";
import { bootVm } from "./boot-vm.ts";
import { isFatal } from "./create-vm.ts";
import { failRental, failConfigurations } from "./fail-rental.ts";
import { holdForUser } from "./hold-vm.ts";
import { LinkLost, type VmLink } from "./link.ts";
import { measureConfiguration } from "./measure.ts";
import { probeVm } from "./probe-vm.ts";
import type { RentalScope, RentedVm } from "./rental-scope.ts";
import { startServer } from "./start-server.ts";

/** A VM that was created but did not become ready. */
export class VmNotReady extends Error {
  readonly stage: string;

  constructor(stage: string, cause: unknown) {
    super(errorText(cause), { cause });
    this.name = "VmNotReady";
    this.stage = stage;
  }
}

/**
 * Boots a created VM and measures its configurations, or serves one for the user. If a model fails, that is journaled and
 * the next one follows.
 * @returns the models that failed, or "held" if the VM is handed to the user
 * @throws the error that ended the rental, after journaling it; `VmNotReady` if the VM did not become ready
 */
export async function useVm(vm: RentedVm, scope: RentalScope): Promise<readonly string[] | "held"> {
  const { label, planned, ports, settings, signal } = scope;
  const todo = [...planned.configurations];
  let link: VmLink | undefined;
  try {
    link = await bootOrExplain(vm, scope);
    if (settings.leaveHeld) return await serveForUser(vm, link, scope);
    if (ports.probe !== undefined) {
      await probeVm(ports.probe, vm, link, scope);
      return [];
    }
    return await measureAll(todo, vm, link, scope);
  } catch (error) {
    const reason = errorText(signal.aborted ? signal.reason : error);
    if (error instanceof VmNotReady) await failRental(label, reason, ports);
    else await failConfigurations(label, planned, todo, reason, ports);
    throw error;
  } finally {
    link?.close();
  }
}

async function bootOrExplain(vm: RentedVm, scope: RentalScope): Promise<VmLink> {
  const { label, ports, settings, signal } = scope;
  try {
    return await bootVm(vm, scope);
  } catch (error) {
    // For `up`, the user decides whether to try another VM.
    if (signal.aborted || isFatal(error) || settings.leaveHeld) throw error;
    const events = ports.journal.events();
    const stage = foldRun(events).rentals.get(label)?.stage ?? "booting";
    const setup = foldProgress(events).get(label)?.setup;
    throw new VmNotReady(
      stage === "setup" && setup !== undefined ? `setup at ${setup.stage}` : stage,
      error,
    );
  }
}

/** @param todo finished configurations are removed from it. @returns the models that failed */
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
    // After the last model the VM is destroyed anyway.
    if (todo.length > 0) await stopServer(next.model.id, link, scope);
  }
  return failed;
}

/** A failure is ignored because starting the next server stops the previous one as well. */
async function stopServer(model: string, link: VmLink, scope: RentalScope): Promise<void> {
  const { label, ports, signal } = scope;
  try {
    await link.run((machine) => machine.stopServer(signal));
    await ports.journal.append({ type: "server.stopped", label, model });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof MachineError) || error instanceof LinkLost) throw error;
  }
}

/** @returns "held", or the model that failed to start; the VM is then destroyed */
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
