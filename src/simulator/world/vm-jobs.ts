import type { MachineFault } from "../faults/fault-scripts.ts";
import type { JobDelays } from "./coefficients.ts";
import type { EventQueue } from "./event-queue.ts";
import type { SshMachines } from "./simulated-vm.ts";
import { setStatus, type Vm, type VmStatus } from "./vm.ts";

export interface VmJobsParts {
  readonly queue: EventQueue;
  readonly delays: JobDelays;
  readonly machines: Pick<SshMachines, "powerOn" | "powerOff">;
  /** The machine side failed. */
  readonly onProblem: (error: unknown) => void;
}

/** When the script does not say. */
const EXTRA_SECONDS = { "slow-shutdown": 90, "slow-deletion": 400 };

/** Linode's jobs on VMs: at most one at a time on each. */
export interface VmJobs {
  /** The VM's faults hold from now on. */
  add(vm: Vm, faults: readonly MachineFault[]): void;
  /** Ends the job under way, and begins one that puts the VM into this state. */
  begin(vm: Vm, status: VmStatus, nowMs: number): void;
  /** The next step of the job under way; it never comes if another job begins first. */
  next(vm: Vm, dueMs: number, act: (dueMs: number) => void): void;
  /** The VM runs after so many seconds, and its guest is up some seconds later. */
  boot(vm: Vm, status: "booting" | "rebooting", fromMs: number, seconds: number): void;
  /** How much longer than usual the VM's shutdown or deletion takes. */
  extraSeconds(vm: Vm, fault: keyof typeof EXTRA_SECONDS): number;
  powerOff(vm: Vm, how: "reboot" | "gone"): void;
}

export function createVmJobs({ queue, delays, machines, onProblem }: VmJobsParts): VmJobs {
  const faults = new Map<Vm, readonly MachineFault[]>();
  const jobs = new Map<Vm, number>();
  const powered = new Set<Vm>();
  const switching = new Map<Vm, Promise<void>>();

  const begin: VmJobs["begin"] = (vm, status, nowMs) => {
    jobs.set(vm, (jobs.get(vm) ?? 0) + 1);
    setStatus(vm, status, nowMs);
  };
  const next: VmJobs["next"] = (vm, dueMs, act) => {
    const job = jobs.get(vm);
    queue.at(dueMs, (atMs) => {
      if (jobs.get(vm) === job) act(atMs);
    });
  };
  /** One after another: an address is not opened before it was closed. */
  const switchPower = (vm: Vm, act: () => Promise<void>): void => {
    switching.set(vm, (switching.get(vm) ?? Promise.resolve()).then(act).catch(onProblem));
  };
  return {
    add(vm, own) {
      faults.set(vm, own);
    },
    begin,
    next,
    boot(vm, status, fromMs, seconds) {
      begin(vm, status, fromMs);
      const own = faults.get(vm) ?? [];
      if (own.some((fault) => fault.action === "boot-hangs")) return;
      next(vm, fromMs + seconds * 1_000, (runningMs) => {
        setStatus(vm, "running", runningMs);
        // `running` only says that the VM is powered on; its SSH server needs some seconds more.
        next(vm, runningMs + delays.guestSeconds(vm) * 1_000, (upMs) => {
          vm.bootedMs = upMs;
          powered.add(vm);
          switchPower(vm, () => machines.powerOn(vm, own));
        });
      });
    },
    extraSeconds(vm, action) {
      const slow = faults.get(vm)?.find((fault) => fault.action === action);
      return slow === undefined ? 0 : (slow.seconds ?? EXTRA_SECONDS[action]);
    },
    powerOff(vm, how) {
      if (powered.delete(vm)) switchPower(vm, () => machines.powerOff(vm, how));
    },
  };
}
