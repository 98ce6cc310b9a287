import type { GpuType } from "../../catalog/gpu-types.ts";
import type { MachineFault } from "../faults/fault-scripts.ts";

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
  /** Whether this source address may reach TCP 22, by the attached firewall as it is now. */
  admitsSsh(from: string): boolean;
  /** Virtual milliseconds since the epoch at which the guest's kernel came up the last time. */
  readonly bootedMs: number;
}

/** The machine side of the world. */
export interface SshMachines {
  /** The guest is up: its SSH server listens from now on. Also after a reboot. */
  powerOn(vm: SimulatedVm, faults: readonly MachineFault[]): Promise<void>;
  /** Deleted, rebooting or shut down: everything on it stops at once. Disks keep their state over a reboot. */
  powerOff(vm: SimulatedVm, how: "reboot" | "gone"): Promise<void>;
  /** Closes connections whose source the VM's firewall no longer admits. */
  dropBarredLinks(): void;
  /** Of all VMs that ever existed, oldest first. */
  served(): readonly ServedRequest[];
  /** Connections of clients; the world does not end before they do. */
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
