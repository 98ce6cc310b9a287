import type { GpuType } from "../../catalog/gpu-types.ts";

/** A VM of the simulated cloud as its machine side sees it; the world owns and changes it. */
export interface SimulatedVm {
  readonly id: number;
  readonly label: string;
  readonly type: GpuType;
  readonly region: string;
  /** 127.64.x.y */
  readonly ipv4: string;
  /** Decoded; empty when none was sent. */
  readonly userData: string;
  readonly authorizedKeys: readonly string[];
  /** May this source address reach TCP 22? As the attached firewall says just now. */
  admitsSsh(from: string): boolean;
  /** Virtual milliseconds since the epoch at which the guest's kernel came up the last time. */
  readonly bootedMs: number;
}

/** Fault scripts for machines, as the control API takes them. */
export interface MachineFault {
  readonly vm: { readonly type?: string; readonly model?: string; readonly nth?: number };
  readonly action:
    | "boot-hangs"
    | "ssh-freezes"
    | "server-dies"
    | "out-of-memory"
    | "gated"
    | "stalls"
    /** The driver that the set-up installed loads after a reboot only. */
    | "needs-reboot"
    /** No prebuilt driver modules can be installed: the set-up builds them, which takes longer. */
    | "module-uninstallable"
    /** No driver can be installed at all. */
    | "setup-fails"
    /** The GPUs are hot and slow down, for `for_seconds`. */
    | "throttles";
  readonly after_seconds?: number;
  readonly for_seconds?: number;
}

/** What the machine side needs of the world, and the world of the machine side. */
export interface SshMachines {
  /** The guest is up: its SSH server listens from now on. Also after a reboot. */
  powerOn(vm: SimulatedVm, faults: readonly MachineFault[]): Promise<void>;
  /** Deleted, rebooting or shut down: everything on it stops at once. Disks keep their state over a reboot. */
  powerOff(vm: SimulatedVm, how: "reboot" | "gone"): Promise<void>;
  /** Oldest first; all VMs that ever were. */
  served(): readonly ServedRequest[];
  /** VMs that have clients connected: the world lives as long as one does. */
  connections(): number;
  close(): Promise<void>;
}

/** What a simulated vLLM really did; virtual seconds since the epoch. */
export interface ServedRequest {
  readonly label: string;
  readonly model: string;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly received: number;
  readonly first_write: number;
  readonly last_write: number;
}
