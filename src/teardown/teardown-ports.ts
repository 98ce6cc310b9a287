import type { Cloud } from "../cloud/cloud.ts";
import type { Fact, Journal, Ownership } from "../journal/events.ts";
import { JournalError } from "../journal/journal-errors.ts";
import type { Clock } from "../support/clock.ts";

/** Something that a person must hear of; destroying goes on all the same. */
export interface Alarm {
  readonly kind: "refused" | "wrong_account" | "mismatch" | "not_recorded";
  readonly label: string;
  readonly message: string;
}

/** What everything in this room works with. */
export interface TeardownPorts {
  readonly cloud: Cloud;
  readonly journal: Journal;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly onAlarm?: ((alarm: Alarm) => void) | undefined;
  /** Aborts, with `WorldEnded`, once the simulated world that the run lived in is gone, and everything with it. */
  readonly worldEnded?: AbortSignal | undefined;
  /** From 0 to 1, for jitter. */
  readonly random?: (() => number) | undefined;
}

/** What a full disk has not taken, by the journal that it is missing from. */
const owed = new WeakMap<Journal, Fact[]>();

/**
 * Journals a fact of a destruction: a disk that takes nothing must not keep a VM alive. What it did not take is
 * written before whatever is noted next. @throws FencedError
 */
export async function note(ports: TeardownPorts, fact: Fact): Promise<void> {
  const facts = owed.get(ports.journal) ?? [];
  owed.set(ports.journal, facts);
  if (facts.length === 0 && (await wasTaken(fact, ports))) return;
  facts.push(fact);
  if (facts.length > 1) await flushPending(ports);
}

/** Writes what the disk has not taken so far, if it takes it now. @throws FencedError */
export async function flushPending(ports: TeardownPorts): Promise<void> {
  const facts = owed.get(ports.journal) ?? [];
  for (let fact = facts.shift(); fact !== undefined; fact = facts.shift()) {
    if (await wasTaken(fact, ports)) continue;
    facts.unshift(fact);
    return;
  }
}

async function wasTaken(fact: Fact, { journal, onAlarm }: TeardownPorts): Promise<boolean> {
  try {
    await journal.append(fact);
    return true;
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    const label = "label" in fact ? fact.label : "";
    const message = `${fact.type} is not in the journal: ${error.reason ?? error.message}`;
    onAlarm?.({ kind: "not_recorded", label, message });
    return false;
  }
}
