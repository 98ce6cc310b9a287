import type { ProbeVm } from "../sweep/probed-vm.ts";
import type { PlanOverrides } from "../plan/apply-overrides.ts";
import type { Locations } from "./locations.ts";

/** Which cloud to use, and how. Undefined values have the defaults of that cloud. */
export interface CloudTargetRequest {
  readonly locations: Locations;
  /** `true` starts a simulated cloud, an address uses a running one; undefined means Linode. */
  readonly simulate: true | string | undefined;
  /** Simulated seconds per real second; only for a simulated cloud that is started. */
  readonly speed: number | "auto" | undefined;
  readonly seed: number | undefined;
  /** An API address other than Linode's. */
  readonly apiUrl: string | undefined;
  /** Allows an `apiUrl` that is not a loopback address. */
  readonly insecureApiUrl: boolean;
  /** A file with the Linode token, or an `op://` reference; undefined means the environment. */
  readonly tokenFile: string | undefined;
  readonly sshPort: number | undefined;
  /** Factor on every timeout, for tests; loopback APIs only. */
  readonly ceilings: number | undefined;
}

/** A plan in a file, or the text of a plan that a command has generated. */
export type PlanSource =
  | { readonly file: string }
  | { readonly text: string; readonly name: string };

/** How to read and estimate a plan. */
export interface PlanRequest {
  readonly cloud: CloudTargetRequest;
  readonly overrides: PlanOverrides;
  /** Leaves out configurations whose results in the database are fresh. */
  readonly skipFresh: boolean;
  /** Lowers the plan's cap to the worst case of its estimate, for plans that no person has written. */
  readonly capAtWorst?: boolean;
}

/** What a run does. */
export type RunSubject =
  | { readonly kind: "plan"; readonly source: PlanSource }
  /** A plan of one VM, which is left up for a user instead of being measured. */
  | { readonly kind: "hold"; readonly source: PlanSource }
  /** A plan whose VMs are examined instead of measured; a resume measures it. */
  | { readonly kind: "probe"; readonly source: PlanSource; readonly probe: ProbeVm }
  /** Continues an interrupted run. */
  | { readonly kind: "resume"; readonly run: string };

/** A run that a verb requests. Durations are in milliseconds. */
export interface RunRequest extends PlanRequest {
  readonly subject: RunSubject;
  /** How long the guard waits for a resume after this process has crashed, before it destroys the VMs. */
  readonly holdMs: number;
  /** How long to keep a VM after a failure, for inspection; 0 destroys it at once. */
  readonly keepOnFailureMs: number;
  /** How long to wait until the VMs are confirmed deleted, before leaving them to the guard. */
  readonly destroyPatienceMs: number;
  /** The address of a dead-man service; undefined means that of the environment, if there is one. */
  readonly heartbeatUrl: string | undefined;
  /** A web service that gets a summary of the run at its end; undefined means the one of the environment. */
  readonly notifyUrl: string | undefined;
  /** The command line to start in the background; undefined runs in this process. */
  readonly detach: { readonly argv: readonly string[] } | undefined;
}

/** The default of `destroyPatienceMs`. */
export const DESTROY_PATIENCE_MS = 10 * 60_000;
