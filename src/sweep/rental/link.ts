import { MachineError } from "../../machine/machine.ts";
import type { Machine, MachineTarget } from "../../machine/machine.ts";
import { errorText } from "../../support/errors.ts";
import { TIMEOUTS } from "../timeouts.ts";
import { isVmDeleted } from "../../teardown/confirm-deleted.ts";
import type { RentalScope, RentedVm } from "./rental-scope.ts";

const BETWEEN_TRIES_MS = 3_000;
/** While SSH does not answer, how often to check the caller's address and whether the VM exists. */
const CHECK_INTERVAL_MS = 60_000;
/** cloud-init installs our host key during the first boot; after this time another key is an error. */
const HOST_KEY_WINDOW_MS = 3 * 60_000;
/** In a row, without progress. */
const MAX_LOSSES = 20;
const MAX_TIMEOUTS = 2;

/** The SSH connection to one VM. All work over SSH goes through `run`, which reconnects when the connection is lost. */
export interface VmLink {
  /** Connects for the first time. @throws MachineError of the last attempt after `withinMs`, or the signal's reason */
  open(withinMs: number): Promise<void>;
  /**
   * Runs repeatable work. When the connection is lost, reconnects and starts the work again with `again` set. Losses in
   * a row are limited; a change of `progress` resets their count.
   * @throws LinkLost if the connection cannot be restored; the error of the work; the signal's reason
   */
  run<T>(
    work: (machine: Machine, again: boolean) => Promise<T>,
    progress?: () => number,
  ): Promise<T>;
  /** Uses another connection from now on, after a reboot. */
  replace(machine: Machine): void;
  close(): void;
}

/** Creates a link that is not connected yet. */
export function createLink(vm: RentedVm, scope: RentalScope): VmLink {
  const { clock, cloud } = scope.ports;
  const { signal } = scope;
  const target = targetOf(vm, scope);
  let machine: Machine | undefined;

  const close = (): void => {
    void machine?.close().catch(() => undefined);
    machine = undefined;
  };
  const reconnect = async (): Promise<Machine> => {
    try {
      return await logIn(vm.vmId, target, TIMEOUTS.reconnectMs, scope);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof MachineError)) throw error;
      const seen = await cloud.getVm(vm.vmId, signal).catch(() => undefined);
      const state = seen === undefined ? "" : ` (the API says: ${seen.status})`;
      const minutes = String(TIMEOUTS.reconnectMs / 60_000);
      throw new LinkLost(
        `SSH was lost and did not come back in ${minutes} minutes: ${errorText(error)}${state}`,
      );
    }
  };
  return {
    async open(withinMs) {
      machine = await logIn(vm.vmId, target, withinMs, scope);
    },
    async run(work, progress = () => 0) {
      let losses = 0;
      let timeouts = 0;
      let before = progress();
      for (let again = false; ; again = true) {
        machine ??= await reconnect();
        try {
          return await work(machine, again);
        } catch (error) {
          signal.throwIfAborted();
          if (!isLoss(error)) throw error;
          close();
          if (progress() !== before) [losses, timeouts] = [0, 0];
          before = progress();
          losses += 1;
          if (error.kind === "timeout") timeouts += 1;
          if (losses > MAX_LOSSES || timeouts > MAX_TIMEOUTS) throw new LinkLost(error.message);
        }
        await clock.sleep(BETWEEN_TRIES_MS, signal);
      }
    },
    replace(next) {
      close();
      machine = next;
    },
    close,
  };
}

/** The connection to a VM is lost and could not be restored. */
export class LinkLost extends MachineError {
  constructor(message: string) {
    super("link_lost", message);
    this.name = "LinkLost";
  }
}

export function targetOf(vm: RentedVm, { label, settings, clientKey }: RentalScope): MachineTarget {
  return {
    label,
    host: vm.ipv4,
    port: settings.sshPort,
    hostKey: vm.hostKey,
    clientKey: clientKey.privateKey,
  };
}

/** A timeout of a command or channel is treated as a lost connection. */
function isLoss(error: unknown): error is MachineError {
  return (
    error instanceof MachineError &&
    !(error instanceof LinkLost) &&
    (error.kind === "link_lost" || error.kind === "timeout")
  );
}

/**
 * Connects as soon as the VM accepts it. No secret is sent before the host key is verified.
 * @throws MachineError of the last attempt after `withinMs`, or if the VM is deleted; the signal's reason
 */
async function logIn(
  vmId: number,
  target: MachineTarget,
  withinMs: number,
  scope: RentalScope,
): Promise<Machine> {
  const { ports, signal } = scope;
  const { clock, machines } = ports;
  const watch = watchSilence(vmId, scope);
  const end = clock.monotonic() + withinMs;
  let wrongKeySince: number | undefined;
  for (;;) {
    try {
      return await machines.connect(target, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof MachineError)) throw error;
      if (error.kind === "host_key") {
        wrongKeySince ??= clock.monotonic();
        if (clock.monotonic() - wrongKeySince > HOST_KEY_WINDOW_MS) throw error;
      }
      if (clock.monotonic() >= end) throw error;
      watch.checkIfDue();
    }
    if (watch.failure() !== undefined) throw watch.failure();
    await clock.sleep(BETWEEN_TRIES_MS, signal);
  }
}

/**
 * Checks in the background of the attempts to connect whether the caller's address has changed, and whether the VM was
 * deleted.
 */
function watchSilence(
  vmId: number,
  { ports, firewall, signal }: RentalScope,
): { checkIfDue(): void; failure(): unknown } {
  const { clock } = ports;
  let dueMs = clock.monotonic() + CHECK_INTERVAL_MS;
  let failure: unknown;
  const check = async (): Promise<void> => {
    await firewall.followCaller(signal);
    if (await isVmDeleted(vmId, ports, signal))
      throw new MachineError("unreachable", "the VM no longer exists");
  };
  return {
    failure: () => failure,
    checkIfDue() {
      if (clock.monotonic() < dueMs) return;
      dueMs = Infinity;
      check().then(
        () => {
          dueMs = clock.monotonic() + CHECK_INTERVAL_MS;
        },
        (error: unknown) => {
          if (!signal.aborted) failure = error;
        },
      );
    },
  };
}
