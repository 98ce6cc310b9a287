import type { GpuSample, Inspection } from "../machine/machine.ts";
import type { Configuration } from "../plan/coverage-plan.ts";
import type { RebootTimes } from "../sweep/probed-vm.ts";
import type { ServerFailure, ServerReady } from "../vllm/server-start.ts";
import type { StartupMemory } from "../vllm/startup-memory.ts";

/** The number of a check in docs/live-checklist.md. */
export type CheckNumber = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** What the probes of one VM have seen. Undefined = not reached; `failures` gives the reason if a probe failed. */
export interface LiveEvidence {
  label?: string;
  configurations?: readonly Configuration[];
  readonly failures: Partial<Record<CheckNumber, string>>;
  afterSetup?: Inspection;
  reboot?: RebootTimes;
  afterReboot?: Inspection;
  killedDownload?: KilledDownload;
  memory?: StartupMemory;
  gpuSamples?: readonly GpuSample[];
  startWithoutXet?: ServerStart;
  replies?: HarmonyReplies;
  peerToPeer?: PeerToPeer;
}

/** Without the log of a failure: that is saved, redacted, in the run's folder. */
export type ServerStart = ServerReady | Pick<ServerFailure, "ready" | "cause">;

/** A download that was killed before its end; the model was then served again. */
export interface KilledDownload {
  readonly bytes: number;
  readonly incompleteFiles: number;
  incompleteFilesAfterRestart?: number;
}

/** Replies of a fixed length. */
export interface Replies {
  readonly asked: number;
  readonly complete: number;
  /** Why the first of the others is not complete. */
  readonly failure: string | undefined;
  /** Mean of the complete ones; undefined without any. */
  readonly tokensPerSecond: number | undefined;
}

/** Of a gpt-oss model, with `<|end|>` among the stop tokens and without. */
export interface HarmonyReplies {
  readonly withStopToken: Replies;
  readonly withoutStopToken: Replies;
}

/** A model on two GPUs. */
export interface PeerToPeer {
  readonly usual: ServedModel;
  /** The GPUs exchange data through the VM's memory. */
  readonly disabled: ServedModel;
}

interface ServedModel {
  readonly start: ServerStart;
  readonly tokensPerSecond: number | undefined;
}
