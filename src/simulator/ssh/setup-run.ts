import type { SetupStatusJson } from "../../machine/agent-protocol.ts";
import type { MachineFault } from "../faults/fault-scripts.ts";

/** The stages of templates/setup.sh in order, each with its share of the time. */
export const SETUP_STAGES = [
  ["packages", 0.1],
  ["docker", 0.15],
  ["driver", 0.35],
  ["image", 0.38],
  ["check", 0.02],
] as const;
/** Share of the time between the start of SSH and cloud-init's `runcmd`. */
const BEFORE_SETUP = 0.015;
/** Additional share of the time for building the driver's modules. */
const MODULE_BUILD = 0.3;

/** The set-up program of one VM, across all of its boots. */
export interface SetupRun {
  status(): Omit<SetupStatusJson, "boot_id">;
  /** Whether it has asked for a reboot, in this boot or an earlier one. */
  rebootRequested(): boolean;
  bootUp(faults: readonly MachineFault[]): void;
  shutDown(): void;
}

/** @param setupMs virtual duration from the first boot to the end of the set-up; @param nowMs virtual monotonic clock */
export function createSetupRun(setupMs: number, nowMs: () => number): SetupRun {
  let doneBefore = 0;
  let upSince: number | undefined;
  let faults: readonly MachineFault[] = [];
  let rebootedForDriver = false;

  const has = (action: MachineFault["action"]): boolean =>
    faults.some((fault) => fault.action === action);
  const stages = (): readonly (readonly [stage: string, share: number])[] => {
    const build = has("module-uninstallable") ? MODULE_BUILD : 0;
    return SETUP_STAGES.map(([stage, share]) => [stage, share + (stage === "driver" ? build : 0)]);
  };
  /** Progress at which the set-up waits for a reboot: all stages but the check are done. */
  const stop = (): number =>
    has("needs-reboot") && !rebootedForDriver
      ? stages().reduce((sum, [stage, share]) => sum + (stage === "check" ? 0 : share), 0)
      : Infinity;
  const failsAt = (): number =>
    has("setup-fails") ? SETUP_STAGES[0][1] + SETUP_STAGES[1][1] : Infinity;
  const done = (): number => {
    const upFor = upSince === undefined ? 0 : nowMs() - upSince;
    const share = (doneBefore + upFor / Math.max(1, setupMs) - BEFORE_SETUP) / (1 - BEFORE_SETUP);
    return Math.min(share, stop(), failsAt());
  };
  return {
    status: () => {
      const base = { stages: SETUP_STAGES.length, reboot_needed: false, reason: null };
      const share = done();
      if (share < 0) return { ...base, state: "waiting", stage: SETUP_STAGES[0][0], index: 0 };
      if (share >= stop())
        return {
          ...base,
          state: "waiting",
          stage: "driver",
          index: 3,
          reboot_needed: true,
          reason: "the NVIDIA driver loads after a reboot only",
        };
      if (share >= failsAt())
        return {
          ...base,
          state: "failed",
          stage: "driver",
          index: 3,
          reason: "no NVIDIA driver can be installed",
        };
      let end = 0;
      const index = stages().findIndex(([, part]) => (end += part) > share);
      const stage = SETUP_STAGES[index];
      return stage === undefined
        ? { ...base, state: "done", stage: "check", index: SETUP_STAGES.length }
        : { ...base, state: "running", stage: stage[0], index: index + 1 };
    },
    rebootRequested: () => rebootedForDriver || done() >= stop(),
    bootUp: (bootFaults) => {
      faults = bootFaults;
      upSince = nowMs();
    },
    shutDown: () => {
      const share = done();
      if (share >= stop()) rebootedForDriver = true;
      doneBefore = Math.max(0, share * (1 - BEFORE_SETUP) + BEFORE_SETUP);
      upSince = undefined;
    },
  };
}
