import type { ServeChange } from "../machine/machine.ts";
import { FAILURE_SIGNATURES } from "./failure-signatures.ts";

export interface Diagnosis {
  /** A phrase; one of `FAILURE_SIGNATURES`, or what could be read from an unknown log. */
  readonly cause: string;
  /** The log's own words: the decisive line, or the end of an unknown log. */
  readonly evidence: string;
  readonly remedy: string;
  /** The same configuration may work at another try. */
  readonly retry: boolean;
  /** With this it may work, which is another configuration where it is more than how the weights are fetched. */
  readonly retryWith?: ServeChange | undefined;
  /** What to write into the plan; empty when no line would help. */
  readonly planLines: readonly string[];
}

const LONGEST_EVIDENCE = 800;
const TAIL_LINES = 30;
/** Killed by the kernel: 128 + SIGKILL. */
const KILLED = 137;

/** Stamps, the process's name, level with date, and the place in the source. */
const PREFIX =
  /^(?:\[\s*[\d.]+\]\s?)?(?:\(\w[\w ]* pid=\d+\)\s)?(?:(DEBUG|INFO|WARNING|ERROR|CRITICAL) \d\d-\d\d [\d:.]+ (?:\[[^\]]*\]\s?)?)?/;
/** Raised by the parent about a child that failed: never the cause. */
const WRAPPER =
  /Engine core initialization failed|EngineCore failed to start|WorkerProc (?:initialization failed|hit an exception)|died unexpectedly|Engine process failed to start|EngineDeadError/;
/** A line of source in a traceback: it may name an exception without being one. */
const SOURCE = /^ {4}/;
const EXCEPTION = /^\s*(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception|Interrupt|Exit)\b:?/;

/** Why vLLM did not start. `exitCode` is the container's. */
export function diagnose(log: string, exitCode?: number): Diagnosis {
  const lines = log.split(/\r?\n/).flatMap((line) => {
    const prefix = PREFIX.exec(line);
    const level = prefix?.[1];
    const text = line.slice(prefix?.[0].length ?? 0);
    // Information and warnings quote configuration and errors that were survived.
    const mayBeCause = level !== "DEBUG" && level !== "INFO" && level !== "WARNING";
    return mayBeCause && !WRAPPER.test(text) && !SOURCE.test(text) ? [text] : [];
  });
  for (const signature of FAILURE_SIGNATURES) {
    for (const line of lines) {
      const match = signature.pattern.exec(line);
      if (match === null) continue;
      return {
        cause: signature.cause,
        evidence: cut(line.trim()),
        remedy: signature.remedy,
        retry: signature.retry ?? false,
        retryWith: signature.retryWith?.(match),
        planLines: signature.planLines?.(match) ?? [],
      };
    }
  }
  return unknown(log, lines, exitCode);
}

/** A clean end on SIGTERM, which no failure of its own precedes. */
const STOPPED = /^.*\[shutdown\].*signal=SIGTERM.*$/m;

function unknown(log: string, lines: readonly string[], exitCode: number | undefined): Diagnosis {
  const tail = log.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
  const exception = lines.findLast((line) => EXCEPTION.test(line))?.trim();
  const stopped = exception === undefined ? STOPPED.exec(log)?.[0] : undefined;
  if (stopped !== undefined)
    return {
      cause: "the server was stopped from outside",
      evidence: cut(stopped.replace(PREFIX, "").trim()),
      remedy: "see who ends its container or its VM; vLLM itself had no failure",
      retry: false,
      planLines: [],
    };
  const killed = exitCode === KILLED && exception === undefined;
  return {
    cause: killed
      ? "the server was killed, most likely because the VM ran out of main memory"
      : exception === undefined
        ? "unknown"
        : `unknown: ${cut(exception, 200)}`,
    evidence: tail,
    remedy: killed
      ? "use a type with more main memory"
      : "read the saved log; the cause is not a known one",
    retry: false,
    planLines: [],
  };
}

function cut(text: string, longest = LONGEST_EVIDENCE): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
