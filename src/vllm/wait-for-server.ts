import { type Diagnosis, diagnose } from "./diagnose.ts";
import { type Machine, MachineError, type ServerStatus } from "../machine/machine.ts";
import { pollIntervalMs } from "../machine/poll-interval.ts";
import { probeServer } from "./probe-server.ts";
import type {
  ServerFailure,
  ServerProgress,
  ServerReady,
  WaitForServerOptions,
} from "./server-start.ts";
import { watchStart } from "./start-watch.ts";
import { startupFacts } from "./startup-facts.ts";

/** The end of the log is kept, which has the cause of a failure. */
const MAX_LOG_LENGTH = 1 << 20;
/** Number of consecutive failed status requests that end the wait: a small VM may be slow while it loads weights. */
const MAX_FAILED_REQUESTS = 5;

/**
 * Waits until the server that `serve` started answers a completion, or has failed. Changes nothing on the machine: it is
 * for the caller to retry a failure with `retry` or `retryWith`.
 * @throws MachineError if the connection is lost, or the signal's reason
 */
export async function waitForServer(
  machine: Machine,
  options: WaitForServerOptions,
  signal: AbortSignal,
): Promise<ServerReady | ServerFailure> {
  const { clock } = options;
  const begin = clock.monotonic();
  const log = followLog(machine, options.onLog);
  const watch = watchStart(begin, options);
  let shown = "";
  let misses = 0;
  for (;;) {
    const status = await machine.serverStatus(signal).catch((error: unknown) => {
      misses += 1;
      if (isTemporary(error) && misses < MAX_FAILED_REQUESTS) return undefined;
      throw error;
    });
    const now = clock.monotonic();
    if (status !== undefined) {
      misses = 0;
      const newLog = await log.read(signal);
      if (status.state === "exited" || status.state === "absent") {
        await log.read(signal);
        return failed(ended(log.text(), status), log.text());
      }
      const stuck = watch.check(status, newLog, now);
      const progress = progressOf(status);
      const seen = JSON.stringify(progress);
      if (seen !== shown) options.onProgress(progress);
      shown = seen;
      if (stuck !== undefined) return failed(stuck, log.text());
      if (status.state === "running") {
        const probe = await probeServer(machine, options.model, clock, signal);
        if (probe.kind === "refused") return failed(refusal(probe.reason), log.text());
        if (probe.kind === "ready") {
          await log.read(signal);
          return {
            ready: true,
            vllmVersion: probe.vllmVersion,
            maxModelLen: probe.maxModelLen,
            imageDigest: status.imageDigest,
            revision: status.revision,
            engine: startupFacts(log.text()),
            downloadSeconds: (watch.downloadEnd() - begin) / 1000,
            seconds: (clock.monotonic() - begin) / 1000,
          };
        }
      }
    }
    if (now - begin >= options.ceilingMs) return failed(timedOut(log.text(), options), log.text());
    await clock.sleep(pollIntervalMs(clock), signal);
  }
}

function progressOf(status: ServerStatus): ServerProgress {
  const stage = status.state === "downloading" ? "download" : "load";
  return { stage, bytes: status.downloadedBytes, totalBytes: status.totalBytes };
}

function isTemporary(error: unknown): boolean {
  return error instanceof MachineError && (error.kind === "timeout" || error.kind === "command");
}

interface LogFollower {
  /** Reads to the current end of the log. @returns the new text */
  read(signal: AbortSignal): Promise<string>;
  text(): string;
}

function followLog(machine: Machine, onLog: ((text: string) => void) | undefined): LogFollower {
  let offset = 0;
  let saved = "";
  return {
    read: async (signal) => {
      let read = "";
      for (;;) {
        const part = await machine.serverLog(offset, signal).catch((error: unknown) => {
          if (isTemporary(error)) return "";
          throw error;
        });
        if (part === "") return read.slice(-MAX_LOG_LENGTH);
        offset += Buffer.byteLength(part);
        read += part;
        saved = (saved + part).slice(-MAX_LOG_LENGTH);
        onLog?.(part);
      }
    },
    text: () => saved,
  };
}

/** Adds the plan lines to the remedy: since they change the configuration, the user decides about them. */
function failed(diagnosis: Diagnosis, log: string): ServerFailure {
  const lines = diagnosis.planLines.join(", ");
  const remedy = lines === "" ? diagnosis.remedy : `${diagnosis.remedy} (in the plan: ${lines})`;
  return { ready: false, ...diagnosis, remedy, log };
}

function ended(log: string, status: ServerStatus): Diagnosis {
  if (status.state === "absent" && log.trim() === "") {
    return {
      cause: "there is no server on the machine",
      evidence: "the container is gone and left no log",
      remedy: "start it again",
      retry: true,
      planLines: [],
    };
  }
  return diagnose(log, status.exitCode);
}

function refusal(reason: string): Diagnosis {
  return {
    cause: "the server runs, but refuses a completion",
    evidence: reason,
    remedy: "a model without a chat template cannot be benchmarked; see the saved log",
    retry: false,
    planLines: [],
  };
}

/** Looks for a known cause in the log before it reports the timeout. */
function timedOut(log: string, options: WaitForServerOptions): Diagnosis {
  const found = diagnose(log);
  const minutes = String(Math.round(options.ceilingMs / 60_000));
  if (!found.cause.startsWith("unknown")) return { ...found, retry: false };
  return { ...found, cause: `the server was not ready after ${minutes} minutes` };
}
