import type { GpuType } from "../../catalog/gpu-types.ts";
import type { MachineFault } from "../faults/fault-scripts.ts";

/** A VM of the simulated cloud, as the SSH side sees it. The world owns and changes it. */
export interface SimulatedVm {
  readonly id: number;
  readonly label: string;
  readonly type: GpuType;
  readonly region: string;
  /** 127.64.x.y */
  readonly ipv4: string;
  /** Decoded from base64; empty if the request had none. */
  readonly userData: string;
  readonly authorizedKeys: readonly string[];
  /** Whether the attached firewall currently lets this source address reach TCP 22. */
  admitsSsh(from: string): boolean;
  /** When the guest's kernel last booted, in virtual milliseconds since the epoch. */
  readonly bootedMs: number;
}

/** The SSH side of the world: the guests of its VMs. */
export interface SshMachines {
  /** The guest has booted: its SSH server listens from now on. */
  powerOn(vm: SimulatedVm, faults: readonly MachineFault[]): Promise<void>;
  /** Stops everything on the VM at once. Its disks are kept over a reboot. */
  powerOff(vm: SimulatedVm, how: "reboot" | "gone"): Promise<void>;
  /** Closes the connections from addresses that a VM's firewall no longer admits. */
  dropForbiddenConnections(): void;
  /** The requests of all VMs that ever existed, oldest first. */
  served(): readonly ServedRequest[];
  /** Number of client connections; the world does not end while there are any. */
  connections(): number;
  close(): Promise<void>;
}

/** A request as the simulated vLLM served it; times in virtual seconds since the epoch. */
export interface ServedRequest {
  readonly label: string;
  readonly model: string;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly received: number;
  readonly first_write: number;
  readonly last_write: number;
}
