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

/** Journals a fact of a destruction: a disk that takes nothing must not keep a VM alive. @throws FencedError */
export async function note(ports: TeardownPorts, fact: Fact): Promise<void> {
  try {
    await ports.journal.append(fact);
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    const label = "label" in fact ? fact.label : "";
    ports.onAlarm?.({
      kind: "not_recorded",
      label,
      message: `${fact.type} is not in the journal: ${error.reason ?? error.message}`,
    });
  }
}
