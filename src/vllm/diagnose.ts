import type { ServeChange } from "../machine/machine.ts";
import { FAILURE_SIGNATURES } from "./failure-signatures.ts";

export interface Diagnosis {
  /** A phrase: the cause of a known signature, or the exception in an unknown log. */
  readonly cause: string;
  /** Excerpt of the log: the line that matched, or the end of an unknown log. */
  readonly evidence: string;
  readonly remedy: string;
  /** Whether the same configuration may work when it is retried. */
  readonly retry: boolean;
  /** Changed settings with which a retry may work. All but `disableXet` make it another configuration. */
  readonly retryWith?: ServeChange | undefined;
  /** Lines for the plan that may help. */
  readonly planLines: readonly string[];
}

const MAX_EVIDENCE_LENGTH = 800;
const TAIL_LINES = 30;
/** Exit code of a process that was killed: 128 + SIGKILL. */
const KILLED = 137;

/** Timestamp, process name, level with date, and source location. */
const PREFIX =
  /^(?:\[\s*[\d.]+\]\s?)?(?:\(\w[\w ]* pid=\d+\)\s)?(?:(DEBUG|INFO|WARNING|ERROR|CRITICAL) \d\d-\d\d [\d:.]+ (?:\[[^\]]*\]\s?)?)?/;
/** Errors that the parent process raises when a child has failed; never the cause. */
const WRAPPER =
  /Engine core initialization failed|EngineCore failed to start|WorkerProc (?:initialization failed|hit an exception)|died unexpectedly|Engine process failed to start|EngineDeadError/;
/** A line of source code in a traceback, which may name an exception. */
const SOURCE = /^ {4}/;
const EXCEPTION = /^\s*(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception|Interrupt|Exit)\b:?/;

/** Finds the reason why vLLM did not start. @param exitCode the container's */
export function diagnose(log: string, exitCode?: number): Diagnosis {
  const lines = log.split(/\r?\n/).flatMap((line) => {
    const prefix = PREFIX.exec(line);
    const level = prefix?.[1];
    const text = line.slice(prefix?.[0].length ?? 0);
    // Lines of these levels quote settings, and errors that did not end the process.
    const mayBeCause = level !== "DEBUG" && level !== "INFO" && level !== "WARNING";
    return mayBeCause && !WRAPPER.test(text) && !SOURCE.test(text) ? [text] : [];
  });
  for (const signature of FAILURE_SIGNATURES) {
    for (const line of lines) {
      const match = signature.pattern.exec(line);
      if (match === null) continue;
      return {
        cause: signature.cause,
        evidence: truncate(line.trim()),
        remedy: signature.remedy,
        retry: signature.retry ?? false,
        retryWith: signature.retryWith?.(match),
        planLines: signature.planLines?.(match) ?? [],
      };
    }
  }
  return unknown(log, lines, exitCode);
}

/** The log line of a regular shutdown by SIGTERM. */
const STOPPED = /^.*\[shutdown\].*signal=SIGTERM.*$/m;

function unknown(log: string, lines: readonly string[], exitCode: number | undefined): Diagnosis {
  const tail = log.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
  const exception = lines.findLast((line) => EXCEPTION.test(line))?.trim();
  const stopped = exception === undefined ? STOPPED.exec(log)?.[0] : undefined;
  if (stopped !== undefined)
    return {
      cause: "the server was stopped from outside",
      evidence: truncate(stopped.replace(PREFIX, "").trim()),
      remedy: "find out what stopped the container or the VM; vLLM itself did not fail",
      retry: false,
      planLines: [],
    };
  const killed = exitCode === KILLED && exception === undefined;
  return {
    cause: killed
      ? "the server was killed, most likely because the VM ran out of main memory"
      : exception === undefined
        ? "unknown"
        : `unknown: ${truncate(exception, 200)}`,
    evidence: tail,
    remedy: killed ? "use a type with more main memory" : "read the saved log",
    retry: false,
    planLines: [],
  };
}

function truncate(text: string, maxLength = MAX_EVIDENCE_LENGTH): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}
