import { MachineError } from "../../machine/machine.ts";
import type { Machine, MachineTarget } from "../../machine/machine.ts";
import { errorText } from "../../support/errors.ts";
import { TIMEOUTS } from "../timeouts.ts";
import { isVmDeleted } from "../../teardown/confirm-deleted.ts";
import type { RentalScope, RentedVm } from "./rental-scope.ts";

const BETWEEN_TRIES_MS = 3_000;
/** SSH that does not answer for so long may have a cause that the API or the firewall knows. */
const LOOK_EVERY_MS = 60_000;
/** A VM whose host key is still not ours this long after it first answered has another identity than we gave it. */
const HOST_KEY_WINDOW_MS = 3 * 60_000;
/** In a row, without any progress. */
const MOST_LOSSES = 20;
const MOST_TIMEOUTS = 2;

/** The login to one VM. Whatever is done over SSH goes through `run`, which survives the loss of the connection. */
export interface VmLink {
  /** The first login. @throws MachineError of the last try once `withinMs` is over, or the signal's reason */
  open(withinMs: number): Promise<void>;
  /**
   * Runs work that may be done over. When the connection is lost in it, logs in again and starts the work anew, with
   * `again` set. `progress` tells how far the work has come: losses count anew whenever it has changed.
   * @throws MachineError `link_lost` when the connection does not come back, what the work threw, the signal's reason
   */
  run<T>(
    work: (machine: Machine, again: boolean) => Promise<T>,
    progress?: () => number,
  ): Promise<T>;
  /** Uses this login from now on: the VM was rebooted. */
  replace(machine: Machine): void;
  close(): void;
}

/** Not yet logged in. */
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
      throw new LinkGone(
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
          if (losses > MOST_LOSSES || timeouts > MOST_TIMEOUTS) throw new LinkGone(error.message);
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

/** The connection is lost for good: nothing more can be done on this VM. */
export class LinkGone extends MachineError {
  constructor(message: string) {
    super("link_lost", message);
    this.name = "LinkGone";
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

/** A command or channel that does not answer in its time is on a connection that is as good as lost. */
function isLoss(error: unknown): error is MachineError {
  return (
    error instanceof MachineError &&
    !(error instanceof LinkGone) &&
    (error.kind === "link_lost" || error.kind === "timeout")
  );
}

/**
 * Logs in as soon as the VM lets us. No secret is sent before the pinned host key was seen.
 * @throws MachineError of the last try once `withinMs` is over or the VM is gone, the signal's reason when it aborts.
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
  let strangerSince: number | undefined;
  for (;;) {
    try {
      return await machines.connect(target, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof MachineError)) throw error;
      if (error.kind === "host_key") {
        strangerSince ??= clock.monotonic();
        if (clock.monotonic() - strangerSince > HOST_KEY_WINDOW_MS) throw error;
      }
      if (clock.monotonic() >= end) throw error;
      watch.lookDue();
    }
    if (watch.failure() !== undefined) throw watch.failure();
    await clock.sleep(BETWEEN_TRIES_MS, signal);
  }
}

/**
 * Checks, in the background of the login attempts, what they cannot find out: whether the caller's address has changed,
 * and whether the VM is gone.
 */
function watchSilence(
  vmId: number,
  { ports, firewall, signal }: RentalScope,
): { lookDue(): void; failure(): unknown } {
  const { clock } = ports;
  let dueMs = clock.monotonic() + LOOK_EVERY_MS;
  let failure: unknown;
  const look = async (): Promise<void> => {
    await firewall.followCaller(signal);
    if (await isVmDeleted(vmId, ports, signal))
      throw new MachineError("unreachable", "the API does not know the VM any more");
  };
  return {
    failure: () => failure,
    lookDue() {
      if (clock.monotonic() < dueMs) return;
      dueMs = Infinity;
      look().then(
        () => {
          dueMs = clock.monotonic() + LOOK_EVERY_MS;
        },
        (error: unknown) => {
          if (!signal.aborted) failure = error;
        },
      );
    },
  };
}
