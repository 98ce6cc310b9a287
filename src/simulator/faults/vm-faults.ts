import type { Cancel, Timeline } from "../vllm/timeline.ts";
import type { MachineFault } from "./fault-scripts.ts";

type Action = MachineFault["action"];

/** A fault that occurs in the middle of a measurement. */
export type InPassFault = MachineFault & {
  readonly action: "server-dies" | "stalls" | "ssh-freezes" | "throttles";
};

/** Controls the VM's SSH server for faults. */
export interface FaultyLink {
  freeze(): void;
  cut(): void;
  restore(): void;
}

/**
 * The faults of one boot of a VM; `after_seconds` counts from the boot. Faults of a running server occur in the middle
 * of the next request that is long enough to be a measurement.
 */
export interface VmFaults {
  /** The fault of this kind that applies now, if any. */
  find(action: Action, model?: string): MachineFault | undefined;
  /** The number of a reply's tokens after which a fault is to occur; undefined if none is pending. */
  faultAfterTokens(model: string, maxTokens: number): number | undefined;
  /** Returns and removes the pending faults that apply now. */
  takeInPassFaults(model: string): readonly InPassFault[];
  end(): void;
}

/** Longer than the replies of a warm-up. */
const MEASUREMENT_TOKENS = 65;
const MIDDLE = 0.5;
const LINK_SECONDS = 30;

/**
 * Selects the faults of a new VM by its type and number. Whether a fault's model matches is only known once the VM
 * serves one. @param createdBefore types of the VMs that were created before
 */
export function faultsOfVm(
  faults: readonly MachineFault[],
  typeId: string,
  createdBefore: readonly string[],
): readonly MachineFault[] {
  return faults.filter(({ vm }) => {
    if (vm.type !== undefined && vm.type !== typeId) return false;
    const before = createdBefore.filter((other) => (vm.type ?? other) === other).length;
    return vm.nth === undefined || vm.nth === before + 1;
  });
}

export function createVmFaults(
  timeline: Timeline,
  faults: readonly MachineFault[],
  bootedEpochMs: number,
  link: FaultyLink,
): VmFaults {
  const pending = new Set(faults);
  const cancels = new Set<Cancel>();
  const bootedMs = timeline.now() - (timeline.epoch(timeline.now()) - bootedEpochMs);
  const dueMs = (fault: MachineFault): number => bootedMs + (fault.after_seconds ?? 0) * 1000;
  const at = (ms: number, act: () => void): void => {
    cancels.add(timeline.at(Math.max(timeline.now(), ms), act));
  };
  const applies = (fault: MachineFault, model: string | undefined): boolean =>
    timeline.now() >= dueMs(fault) && (fault.vm.model === undefined || fault.vm.model === model);

  const breakLink = (fault: MachineFault, fromMs: number): void => {
    const { seconds = LINK_SECONDS, every_seconds: every } = fault;
    at(fromMs, () => {
      link.cut();
      at(fromMs + seconds * 1000, () => {
        link.restore();
      });
      if (every !== undefined) breakLink(fault, fromMs + every * 1000);
    });
  };
  for (const fault of faults) {
    if (fault.action === "link-breaks") breakLink(fault, dueMs(fault));
    if (fault.action === "ssh-freezes" && fault.vm.model === undefined)
      at(dueMs(fault), () => {
        link.freeze();
      });
  }
  return {
    find: (action, model) =>
      faults.find((fault) => fault.action === action && applies(fault, model)),
    faultAfterTokens: (model, maxTokens) =>
      maxTokens >= MEASUREMENT_TOKENS &&
      [...pending].some((fault) => isInPass(fault) && (fault.vm.model ?? model) === model)
        ? Math.ceil(maxTokens * MIDDLE)
        : undefined,
    takeInPassFaults: (model) => {
      const found = [...pending].filter(isInPass).filter((fault) => applies(fault, model));
      for (const fault of found) pending.delete(fault);
      return found;
    },
    end: () => {
      for (const cancel of cancels) cancel();
    },
  };
}

function isInPass(fault: MachineFault): fault is InPassFault {
  if (fault.action === "ssh-freezes") return fault.vm.model !== undefined;
  return ["server-dies", "stalls", "throttles"].includes(fault.action);
}
