import type { MachineFault } from "../world/simulated-vm.ts";
import type { Cancel, Timeline } from "../vllm/timeline.ts";

type InPass = "server-dies" | "stalls" | "ssh-freezes" | "throttles";

type InPassFault = MachineFault & { readonly action: InPass };

/**
 * The fault scripts of one VM. `after_seconds` counts from the boot. What needs a running server then waits for the
 * first request that is long enough to be a measurement and half done, so that it always strikes in the middle of one.
 */
export interface VmFaults {
  /** What holds for a server of this model that starts now. */
  atStart(model: string): "out-of-memory" | "gated" | undefined;
  /** After how many of a reply's tokens one of them may strike; undefined for none. */
  strikesAfter(model: string, maxTokens: number): number | undefined;
  /** What strikes there, each once. */
  strike(model: string): readonly InPassFault[];
  /** Freezes that need no model. */
  whenFrozen(freeze: () => void): void;
  end(): void;
}

/** The replies of a warm-up are shorter. */
const MEASUREMENT_TOKENS = 65;
const IN_THE_MIDDLE = 0.5;

export function createVmFaults(
  timeline: Timeline,
  faults: readonly MachineFault[],
  bootedEpochMs: number,
): VmFaults {
  const pending = new Set(faults);
  const cancels: Cancel[] = [];
  const sinceBoot = (): number => timeline.epoch(timeline.now()) - bootedEpochMs;
  const isDue = (fault: MachineFault, model: string): boolean =>
    (fault.vm.model ?? model) === model && sinceBoot() >= (fault.after_seconds ?? 0) * 1000;
  const isInPass = (fault: MachineFault): fault is InPassFault =>
    fault.action === "server-dies" ||
    fault.action === "stalls" ||
    fault.action === "throttles" ||
    (fault.action === "ssh-freezes" && fault.vm.model !== undefined);
  return {
    atStart: (model) => {
      for (const fault of pending) {
        const { action } = fault;
        if ((action === "out-of-memory" || action === "gated") && isDue(fault, model))
          return action;
      }
      return undefined;
    },
    strikesAfter: (model, maxTokens) =>
      maxTokens >= MEASUREMENT_TOKENS &&
      [...pending].some((fault) => isInPass(fault) && (fault.vm.model ?? model) === model)
        ? Math.ceil(maxTokens * IN_THE_MIDDLE)
        : undefined,
    strike: (model) => {
      const found = [...pending].filter(isInPass).filter((fault) => isDue(fault, model));
      for (const fault of found) pending.delete(fault);
      return found;
    },
    whenFrozen: (freeze) => {
      for (const fault of faults) {
        if (fault.action !== "ssh-freezes" || fault.vm.model !== undefined) continue;
        const left = (fault.after_seconds ?? 0) * 1000 - sinceBoot();
        cancels.push(timeline.at(timeline.now() + Math.max(0, left), freeze));
      }
    },
    end: () => {
      for (const cancel of cancels) cancel();
    },
  };
}
