import { ExitCode, SweepError } from "../support/errors.ts";
import type { EventType, Fact } from "./events.ts";

/** Where a test wants the program to die. */
export interface CrashPoint {
  readonly type: string;
  readonly when: "before" | "after";
  /** The n-th such event, counted from 1. */
  readonly nth: number;
  readonly guard: boolean;
}

/** Called by the journal around the moment at which a fact becomes durable. */
export interface CrashHook {
  before(fact: Fact): void;
  after(fact: Fact): void;
}

const GRAMMAR = /^([a-z_]+\.[a-z_]+):(before|after)(?::([1-9][0-9]{0,8}))?(\+guard)?$/;

/** `<event type>:before|after[:n][+guard]`. @throws SweepError exit 2 */
export function parseCrashPoint(text: string): CrashPoint {
  const found = GRAMMAR.exec(text);
  if (found === null) {
    throw new SweepError(`MAIDER_SWEEP_CRASH=${text} is not a crash point`, {
      exitCode: ExitCode.usage,
      reason: "its form is <event type>:before|after[:n][+guard]",
      hint: "for example create.sent:after, or destroy.sent:before:2+guard",
    });
  }
  const [, type = "", when = "before", nth = "1", guard] = found;
  return {
    type,
    when: when as CrashPoint["when"],
    nth: Number(nth),
    guard: guard !== undefined,
  };
}

/**
 * The hook for the journal, or none: it is obeyed only where the API is on this machine, so that a forgotten
 * variable can never leave a paid VM behind. `kill` ends a process at once, as SIGKILL does.
 */
export function createCrashHook(options: {
  readonly point: CrashPoint | undefined;
  readonly loopback: boolean;
  readonly pid: number;
  readonly kill: (pid: number) => void;
}): CrashHook | undefined {
  const { point, loopback, pid, kill } = options;
  if (point === undefined || !loopback) return undefined;
  let guardPid: number | undefined;
  let seen = 0;
  const strike = (): void => {
    try {
      if (point.guard && guardPid !== undefined) kill(guardPid);
    } finally {
      // Also when the guard is dead already.
      kill(pid);
    }
  };
  return {
    before: (fact) => {
      if (fact.type === "guard.acknowledged") guardPid = fact.pid;
      if ((fact.type satisfies EventType) !== point.type) return;
      seen += 1;
      if (point.when === "before" && seen === point.nth) strike();
    },
    after: (fact) => {
      if (point.when === "after" && fact.type === point.type && seen === point.nth) strike();
    },
  };
}
