import type { ServerStatus } from "../machine/machine.ts";
import type { Diagnosis } from "./diagnose.ts";
import type { WaitForServerOptions } from "./server-start.ts";

/** Detects a start that makes no progress. All times are monotonic milliseconds. */
export interface StartWatch {
  /** @param newLog log text since the last call. @returns the reason why the start will not succeed, if any */
  check(status: ServerStatus, newLog: string, now: number): Diagnosis | undefined;
  /** When the server was last seen downloading. */
  downloadEnd(): number;
}

/** A process logs this every minute while it waits for another one that hangs (vllm, shm_broadcast.py). */
const WAITING = /No available shared memory broadcast block found/;
const TAIL_LINES = 10;

export function watchStart(
  begin: number,
  { stallMs, silentMs = Infinity }: Pick<WaitForServerOptions, "stallMs" | "silentMs">,
): StartWatch {
  let lastGrowth = { bytes: -1, at: begin };
  let lastLogLine = begin;
  let downloadEnd = begin;
  let tail: readonly string[] = [];
  return {
    check: (status, newLog, now) => {
      const lines = newLog.split("\n").filter((line) => line.trim() !== "" && !WAITING.test(line));
      tail = [...tail, ...lines].slice(-TAIL_LINES);
      const downloading = status.state === "downloading";
      if (downloading) downloadEnd = now;
      if (!downloading || status.downloadedBytes > lastGrowth.bytes)
        lastGrowth = { bytes: status.downloadedBytes, at: now };
      if (status.state !== "starting" || lines.length > 0) lastLogLine = now;
      if (now - lastGrowth.at >= stallMs) return stalled(status, stallMs);
      if (now - lastLogLine >= silentMs) return silent(tail, silentMs);
      return undefined;
    },
    downloadEnd: () => downloadEnd,
  };
}

function stalled(status: ServerStatus, stallMs: number): Diagnosis {
  const total = status.totalBytes === undefined ? "" : ` of ${String(status.totalBytes)}`;
  return {
    cause: "the download has stalled",
    evidence: `${String(status.downloadedBytes)}${total} bytes, none new for ${String(Math.round(stallMs / 1000))} s`,
    remedy: "try the download again",
    retry: true,
    // Xet's transfers can freeze forever (huggingface/xet-core#883, #898).
    retryWith: { disableXet: true },
    planLines: [],
  };
}

function silent(tail: readonly string[], silentMs: number): Diagnosis {
  return {
    cause: `the start hangs: no new log line for ${String(Math.round(silentMs / 60_000))} minutes`,
    evidence: tail.length === 0 ? "its log is empty" : tail.join("\n"),
    remedy: "see the last lines of its log; with several GPUs, try a type with one",
    retry: false,
    // If peer-to-peer access over PCIe does not work, the GPUs wait for each other forever.
    retryWith: { disableP2p: true },
    planLines: [],
  };
}
