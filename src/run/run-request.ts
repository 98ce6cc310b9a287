import type { ProbeVm } from "../sweep/probed-vm.ts";
import type { PlanOverrides } from "../plan/apply-overrides.ts";
import type { Locations } from "./locations.ts";

/** Which cloud to use, and how. Times and ports that are undefined have the cloud's own defaults. */
export interface CloudTargetRequest {
  readonly locations: Locations;
  /** `true` starts a simulated cloud, an address joins one that is running; undefined means Linode. */
  readonly simulate: true | string | undefined;
  /** Simulated seconds in one real second; only for a simulated cloud that is started. */
  readonly speed: number | "auto" | undefined;
  readonly seed: number | undefined;
  /** Another address of the API than Linode's. */
  readonly apiUrl: string | undefined;
  /** Allows an `apiUrl` that is not a loopback address. */
  readonly insecureApiUrl: boolean;
  /** File that holds the Linode token, or an `op://` reference; undefined means the environment. */
  readonly tokenFile: string | undefined;
  readonly sshPort: number | undefined;
  /** Factor on every timeout, for tests; loopback APIs only. */
  readonly ceilings: number | undefined;
}

/** A plan in a file, or the text of one that a command has made. */
export type PlanSource =
  | { readonly file: string }
  | { readonly text: string; readonly name: string };

/** What changes a plan, and where its models are looked up. */
export interface PlanRequest {
  readonly cloud: CloudTargetRequest;
  readonly overrides: PlanOverrides;
  /** Leaves out configurations whose results in the database are fresh. */
  readonly skipFresh: boolean;
  /** Lowers the plan's cap to the worst case of its estimate, for plans that no person has written. */
  readonly capAtWorst?: boolean;
}

/** What a run is of. */
export type RunSubject =
  | { readonly kind: "plan"; readonly source: PlanSource }
  /** A plan of one VM, which is left up for a user instead of being measured. */
  | { readonly kind: "hold"; readonly source: PlanSource }
  /** A plan whose VMs are examined instead of measured; a resume measures it. */
  | { readonly kind: "probe"; readonly source: PlanSource; readonly probe: ProbeVm }
  /** Continues a run that was cut off. */
  | { readonly kind: "resume"; readonly run: string };

/** What the verbs that rent can ask of a run. Milliseconds throughout. */
export interface RunRequest extends PlanRequest {
  readonly subject: RunSubject;
  /** How long a guard whose parent has died waits for a resume before it destroys the VMs. */
  readonly holdMs: number;
  /** How long a VM on which something failed is left up; 0 destroys it at once. */
  readonly keepOnFailureMs: number;
  /** How long to wait for proof that the VMs are gone before they are left to the guard. */
  readonly destroyPatienceMs: number;
  /** A dead-man service; undefined means the one of the environment, if there is one. */
  readonly heartbeatUrl: string | undefined;
  /** A web service that gets a summary of the run at its end; undefined means the one of the environment. */
  readonly notifyUrl: string | undefined;
  /** The command line to start as a process of its own; undefined runs in this process. */
  readonly detach: { readonly argv: readonly string[] } | undefined;
}

/** The default of `destroyPatienceMs`. */
export const DESTROY_PATIENCE_MS = 10 * 60_000;
