import type { ServeJson, ServerStatusJson } from "../../machine/agent-protocol.ts";
import type { GpuType } from "../../catalog/gpu-types.ts";
import type { ModelFacts } from "../../catalog/models.ts";
import type { MemoryPlan } from "./memory-plan.ts";
import { banner, cacheAllocated, configured, ready, weightsLoaded } from "./start-log.ts";
import { startupFailure, type StartAttempt } from "./startup-failure.ts";

export interface StartOptions {
  readonly request: ServeJson;
  readonly version: string;
  readonly gpu: GpuType;
  readonly model: ModelFacts;
  readonly plan: MemoryPlan;
  readonly hasSecret: boolean;
  readonly forced: StartAttempt["forced"];
  readonly startMs: number;
  /** From the start to the first completion, the download left out. */
  readonly loadMs: number;
  /** 0 when the checkpoint is on the disk already. */
  readonly downloadMs: number;
}

/** How one start of vLLM will go, known from its beginning. Monotonic milliseconds; Infinity for never. */
export interface VllmStart {
  readonly readyMs: number;
  /** When the container exits by itself. */
  readonly exitMs: number;
  /** When the whole checkpoint is on the disk. */
  readonly downloadedMs: number;
  /** What its log will say, in order of time. */
  readonly log: readonly { readonly atMs: number; readonly text: string }[];
  stateAt(nowMs: number): ServerStatusJson["state"];
  /** Share of the checkpoint that is on the disk, from 0 to 1; undefined before the hub has answered. */
  downloadedShare(nowMs: number): number | undefined;
}

/** Milestones of a start as shares of the time to load: the banner, Python's imports, the weights, the profiling. */
const BANNER = 0.05;
const CONFIGURED = 0.12;
const LOADING = 0.2;
const LOADED = 0.55;
const PROFILED = 0.8;
/** From the failure to the container's exit. */
const EXIT = 0.02;

export function planStart(options: StartOptions): VllmStart {
  const { startMs, loadMs, downloadMs } = options;
  const configuredMs = startMs + CONFIGURED * loadMs;
  const downloadedMs = configuredMs + downloadMs;
  const after = (share: number): number => downloadedMs + (share - CONFIGURED) * loadMs;
  const failure = startupFailure(options);
  const failureMs =
    failure === undefined
      ? Infinity
      : { config: configuredMs, weights: after(LOADED), cache: after(PROFILED) }[failure.at];
  const readyMs = failure === undefined ? after(1) : Infinity;
  const exitMs = failureMs + EXIT * loadMs;
  const seconds = (share: number): number => (share * loadMs) / 1000;
  const milestones = [
    { atMs: startMs + BANNER * loadMs, text: banner(options) },
    { atMs: downloadedMs, text: configured(options) },
    { atMs: after(LOADED), text: weightsLoaded(options, seconds(LOADED - LOADING)) },
    { atMs: after(1), text: cacheAllocated(options) + ready(options, seconds(1 - LOADED)) },
  ];
  const reached = milestones.filter(({ atMs }) => atMs < failureMs);
  return {
    readyMs,
    exitMs,
    downloadedMs: failure?.at === "config" ? Infinity : downloadedMs,
    log: failure === undefined ? reached : [...reached, { atMs: failureMs, text: failure.log }],
    stateAt: (nowMs) => {
      if (nowMs >= exitMs) return "exited";
      if (nowMs >= readyMs) return "running";
      return nowMs >= configuredMs && nowMs < downloadedMs ? "downloading" : "starting";
    },
    downloadedShare: (nowMs) => {
      if (nowMs < configuredMs || failure?.at === "config") return undefined;
      return downloadMs === 0 ? 1 : Math.min(1, (nowMs - configuredMs) / downloadMs);
    },
  };
}
