import type { ServerStatusJson } from "../../machine/agent-protocol.ts";
import { banner, cacheAllocated, configured, ready, weightsLoaded } from "./start-log.ts";
import { startupFailure, type StartAttempt } from "./startup-failure.ts";

export interface StartOptions extends StartAttempt {
  readonly version: string;
  readonly startMs: number;
  /** From the start to the first completion, without the download. */
  readonly loadMs: number;
  /** 0 if the checkpoint is already on the disk. */
  readonly downloadMs: number;
}

/** The course of a start of vLLM, planned in advance. Monotonic milliseconds; Infinity = never. */
export interface VllmStart {
  readonly readyMs: number;
  /** When the container exits because of a failure. */
  readonly exitMs: number;
  /** When the download of the checkpoint is complete. */
  readonly downloadedMs: number;
  /** Passages of its log in order of time. */
  readonly log: readonly { readonly atMs: number; readonly text: string }[];
  stateAt(nowMs: number): ServerStatusJson["state"];
  /** Bytes on the disk as a share of the checkpoint; undefined before the Hub has answered. */
  downloadedShare(nowMs: number): number | undefined;
}

/** Milestones of a start as shares of `loadMs`: banner, Python imports, weights, cache, graphs. */
const BANNER = 0.05;
const CONFIGURED = 0.12;
const LOADING = 0.2;
const LOADED = 0.55;
const PROFILED = 0.8;
const CAPTURED = 0.95;
/** Time from the failure to the container's exit, as a share of `loadMs`. */
const EXIT = 0.02;

export function planStart(options: StartOptions): VllmStart {
  const { startMs, loadMs } = options;
  const configuredMs = startMs + CONFIGURED * loadMs;
  const failure = startupFailure(options);
  const download = planDownload(options, failure?.at === "config" ? Infinity : configuredMs);
  const after = (share: number): number => download.endMs + (share - CONFIGURED) * loadMs;
  const failureMs = {
    config: configuredMs,
    weights: after(LOADED),
    cache: after(PROFILED),
    graphs: after(CAPTURED),
    never: Infinity,
  }[failure?.at ?? "never"];
  const hangMs = hangs(options) ? download.endMs : Infinity;
  const endMs = Math.min(failureMs, hangMs);
  const readyMs = endMs === Infinity ? after(1) : Infinity;
  const exitMs = failureMs < hangMs ? failureMs + EXIT * loadMs : Infinity;
  const seconds = (share: number): number => (share * loadMs) / 1000;
  const milestones = [
    { atMs: startMs + BANNER * loadMs, text: banner(options) },
    { atMs: download.endMs, text: configured(options) },
    { atMs: after(LOADED), text: weightsLoaded(options, seconds(LOADED - LOADING)) },
    { atMs: after(PROFILED), text: cacheAllocated(options) },
    { atMs: after(1), text: ready(options, seconds(1 - LOADED)) },
  ];
  const log = milestones.filter(({ atMs }) => atMs < endMs);
  if (failure !== undefined && failureMs < hangMs) log.push({ atMs: failureMs, text: failure.log });
  return {
    readyMs,
    exitMs,
    downloadedMs: download.endMs,
    log: log.filter(({ atMs }) => Number.isFinite(atMs)),
    stateAt: (nowMs) => {
      if (nowMs >= exitMs) return "exited";
      if (nowMs >= readyMs) return "running";
      return nowMs >= configuredMs && nowMs < download.endMs && failure?.at !== "config"
        ? "downloading"
        : "starting";
    },
    downloadedShare: (nowMs) =>
      nowMs < configuredMs || failure?.at === "config" ? undefined : download.shareAt(nowMs),
  };
}

/** Position of a frozen download, as a share of the checkpoint. */
const FROZEN = 0.5;
/** Size of the incomplete file that remains after a frozen part was restarted, as a share of the checkpoint. */
const ORPHAN = 0.05;

interface Download {
  readonly endMs: number;
  shareAt(nowMs: number): number;
}

/** With Xet, a download can freeze: forever, or until the client restarts the part and leaves an incomplete file. */
function planDownload({ downloadMs, request, faultOf }: StartOptions, startMs: number): Download {
  const fault = request.disable_xet ? undefined : faultOf("download-freezes");
  const frozenMs = fault === undefined ? Infinity : startMs + FROZEN * downloadMs;
  const pauseMs = fault === undefined ? 0 : (fault.seconds ?? Infinity) * 1000;
  return {
    endMs: downloadMs === 0 ? startMs : startMs + downloadMs + pauseMs,
    shareAt: (nowMs) => {
      if (downloadMs === 0) return 1;
      if (nowMs < frozenMs) return Math.min(1, (nowMs - startMs) / downloadMs);
      if (nowMs < frozenMs + pauseMs) return FROZEN;
      return Math.min(1, (nowMs - startMs - pauseMs) / downloadMs) + ORPHAN;
    },
  };
}

/** If peer-to-peer access does not work, several GPUs wait for each other forever. */
function hangs({ request, faultOf }: StartOptions): boolean {
  const severalGpus = request.tensor_parallel_size > 1;
  return faultOf("start-hangs") !== undefined && !(severalGpus && request.disable_p2p);
}
