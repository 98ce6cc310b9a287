import type { ServerStatus } from "../machine/machine.ts";
import type { Diagnosis } from "./diagnose.ts";
import type { WaitForServerOptions } from "./server-start.ts";

/** Watches a start for what no longer gets on. All times are monotonic milliseconds. */
export interface StartWatch {
  /** A look at the machine, and what its log said since the last one. @returns why it will not come up any more */
  look(status: ServerStatus, said: string, now: number): Diagnosis | undefined;
  /** When it was last seen downloading. */
  downloadEnd(): number;
}

/** What a process says every minute while it waits for another one that hangs (vllm, shm_broadcast.py). */
const WAITING = /No available shared memory broadcast block found/;
const TAIL_LINES = 10;

export function watchStart(
  begin: number,
  { stallMs, silentMs = Infinity }: Pick<WaitForServerOptions, "stallMs" | "silentMs">,
): StartWatch {
  let grown = { bytes: -1, at: begin };
  let spoke = begin;
  let downloadEnd = begin;
  let tail: readonly string[] = [];
  return {
    look: (status, said, now) => {
      const lines = said.split("\n").filter((line) => line.trim() !== "" && !WAITING.test(line));
      tail = [...tail, ...lines].slice(-TAIL_LINES);
      const downloading = status.state === "downloading";
      if (downloading) downloadEnd = now;
      if (!downloading || status.downloadedBytes > grown.bytes)
        grown = { bytes: status.downloadedBytes, at: now };
      if (status.state !== "starting" || lines.length > 0) spoke = now;
      if (now - grown.at >= stallMs) return stalled(status, stallMs);
      if (now - spoke >= silentMs) return silent(tail, silentMs);
      return undefined;
    },
    downloadEnd: () => downloadEnd,
  };
}

function stalled(status: ServerStatus, stallMs: number): Diagnosis {
  const of = status.totalBytes === undefined ? "" : ` of ${String(status.totalBytes)}`;
  return {
    cause: "the download has stalled",
    evidence: `${String(status.downloadedBytes)}${of} bytes, none new for ${String(Math.round(stallMs / 1000))} s`,
    remedy: "try the download again",
    retry: true,
    // Xet's transfers are known to freeze for ever (huggingface/xet-core#883, #898).
    retryWith: { disableXet: true },
    planLines: [],
  };
}

function silent(tail: readonly string[], silentMs: number): Diagnosis {
  return {
    cause: `the start hangs: its log has said nothing for ${String(Math.round(silentMs / 60_000))} minutes`,
    evidence: tail.length === 0 ? "its log is empty" : tail.join("\n"),
    remedy: "see the last lines of its log; a type with fewer GPUs needs no access between them",
    retry: false,
    // GPUs whose peer-to-peer access does not work over PCIe wait for each other for ever.
    retryWith: { disableP2p: true },
    planLines: [],
  };
}
