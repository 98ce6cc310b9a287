import type { MachineFault } from "../faults/fault-scripts.ts";
import type { JobDelays } from "./coefficients.ts";
import type { EventQueue } from "./event-queue.ts";
import type { SshMachines } from "./simulated-vm.ts";
import { setStatus, type Vm, type VmStatus } from "./vm.ts";

export interface VmJobsParts {
  readonly queue: EventQueue;
  readonly delays: JobDelays;
  readonly machines: Pick<SshMachines, "powerOn" | "powerOff">;
  /** Called when the SSH side fails. */
  readonly onProblem: (error: unknown) => void;
}

/** When the script does not say. */
const EXTRA_SECONDS = { "slow-shutdown": 90, "slow-deletion": 400 };

/** Linode's jobs on VMs: at most one at a time for each VM. */
export interface VmJobs {
  /** Sets the faults of a new VM. */
  add(vm: Vm, faults: readonly MachineFault[]): void;
  /** Cancels the current job, and begins one that puts the VM into this state. */
  begin(vm: Vm, status: VmStatus, nowMs: number): void;
  /** Schedules the next step of the current job; it is dropped if another job begins first. */
  next(vm: Vm, dueMs: number, act: (dueMs: number) => void): void;
  /** The VM becomes `running` after `seconds`; its SSH server listens some seconds later. */
  boot(vm: Vm, status: "booting" | "rebooting", fromMs: number, seconds: number): void;
  /** How much longer than usual the VM's shutdown or deletion takes. */
  extraSeconds(vm: Vm, fault: keyof typeof EXTRA_SECONDS): number;
  powerOff(vm: Vm, how: "reboot" | "gone"): void;
}

export function createVmJobs({ queue, delays, machines, onProblem }: VmJobsParts): VmJobs {
  const faults = new Map<Vm, readonly MachineFault[]>();
  const jobs = new Map<Vm, number>();
  const powered = new Set<Vm>();
  const powerChanges = new Map<Vm, Promise<void>>();

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
  /** Runs changes one after another, so that an address is closed before it is opened again. */
  const changePower = (vm: Vm, act: () => Promise<void>): void => {
    powerChanges.set(vm, (powerChanges.get(vm) ?? Promise.resolve()).then(act).catch(onProblem));
  };
  return {
    add(vm, vmFaults) {
      faults.set(vm, vmFaults);
    },
    begin,
    next,
    boot(vm, status, fromMs, seconds) {
      begin(vm, status, fromMs);
      const vmFaults = faults.get(vm) ?? [];
      if (vmFaults.some((fault) => fault.action === "boot-hangs")) return;
      next(vm, fromMs + seconds * 1_000, (runningMs) => {
        setStatus(vm, "running", runningMs);
        // `running` only means powered on; the SSH server starts some seconds later.
        next(vm, runningMs + delays.guestSeconds(vm) * 1_000, (upMs) => {
          vm.bootedMs = upMs;
          powered.add(vm);
          changePower(vm, () => machines.powerOn(vm, vmFaults));
        });
      });
    },
    extraSeconds(vm, action) {
      const slow = faults.get(vm)?.find((fault) => fault.action === action);
      return slow === undefined ? 0 : (slow.seconds ?? EXTRA_SECONDS[action]);
    },
    powerOff(vm, how) {
      if (powered.delete(vm)) changePower(vm, () => machines.powerOff(vm, how));
    },
  };
}
