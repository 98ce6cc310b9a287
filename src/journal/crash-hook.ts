import { ExitCode, SweepError } from "../support/errors.ts";
import type { EventType, Fact } from "./events.ts";

/** Where a test wants the program to kill itself. */
export interface CrashPoint {
  readonly type: string;
  readonly when: "before" | "after";
  /** Number of the event among those of its type, from 1. */
  readonly nth: number;
  /** Whether to kill the guard too. */
  readonly guard: boolean;
}

/** Called by the journal before and after it writes a fact. */
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
 * Creates the hook, if one is configured and the API is on a loopback address: on the real cloud, a forgotten
 * environment variable could leave a paid VM running. `kill` must end a process at once, like SIGKILL.
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
  const crash = (): void => {
    try {
      if (point.guard && guardPid !== undefined) kill(guardPid);
    } finally {
      // Even if killing the guard failed because it has already exited.
      kill(pid);
    }
  };
  return {
    before: (fact) => {
      if (fact.type === "guard.acknowledged") guardPid = fact.pid;
      if ((fact.type satisfies EventType) !== point.type) return;
      seen += 1;
      if (point.when === "before" && seen === point.nth) crash();
    },
    after: (fact) => {
      if (point.when === "after" && fact.type === point.type && seen === point.nth) crash();
    },
  };
}
