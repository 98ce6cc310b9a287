import type { Clock } from "../support/clock.ts";
import { isoUtc } from "../support/clock.ts";
import type { CrashHook } from "./crash-hook.ts";
import type { Fact, Journal, Ownership, SweepEvent } from "./events.ts";
import { encodeLine } from "./journal-line.ts";

/** Durable storage for the lines of a journal. */
export interface JournalStore {
  /** Resolves once the text is durable. @throws JournalError if it could not be written; nothing of it remains then */
  append(text: string): Promise<void>;
  close(): Promise<void>;
}

export interface JournalOptions {
  readonly run: string;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly crash?: CrashHook | undefined;
  /** Redacts secrets in every line. */
  readonly redact?: ((text: string) => string) | undefined;
}

interface PendingFact {
  readonly fact: Fact;
  readonly ts: string;
  readonly resolve: (event: SweepEvent) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Creates a journal that writes facts in order. Facts that arrive during a write are written together next. With a
 * crash hook, each is written on its own, so that all earlier facts are durable when `before` is called.
 */
export function createJournal(
  store: JournalStore,
  past: readonly SweepEvent[],
  options: JournalOptions,
): Journal {
  const { run, ownership, clock, crash } = options;
  const redact = options.redact ?? ((text: string): string => text);
  const events = [...past];
  const listeners = new Set<(event: SweepEvent) => void>();
  let pending: PendingFact[] = [];
  let draining: Promise<void> | undefined;

  const writeBatch = async (batch: readonly PendingFact[]): Promise<void> => {
    let seq = events.at(-1)?.seq ?? 0;
    const encoded = batch.map(({ fact, ts }) => {
      seq += 1;
      return encodeLine(fact, { seq, gen: ownership.gen, ts, run }, redact);
    });
    // A suspended owner that resumes must not write into the journal of its successor.
    ownership.assertCurrent();
    for (const { fact } of batch) crash?.before(fact);
    await store.append(encoded.map(({ line }) => `${line}\n`).join(""));
    for (const { fact } of batch) crash?.after(fact);
    for (const [index, { event }] of encoded.entries()) {
      events.push(event);
      for (const listener of listeners) notify(listener, event);
      batch[index]?.resolve(event);
    }
  };

  const drain = async (): Promise<void> => {
    while (pending.length > 0) {
      const batch = crash === undefined ? pending.splice(0) : pending.splice(0, 1);
      try {
        await writeBatch(batch);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    draining = undefined;
  };

  return {
    run,
    append: (fact) =>
      new Promise((resolve, reject) => {
        pending.push({ fact, ts: isoUtc(clock.now()), resolve, reject });
        draining ??= drain();
      }),
    events: () => events,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      await draining;
      await store.close();
    },
  };
}

/** A journal in memory, for destroying VMs while the disk is full, and for simulated time. */
export function volatileJournal(past: readonly SweepEvent[], options: JournalOptions): Journal {
  return createJournal(
    { append: () => Promise.resolve(), close: () => Promise.resolve() },
    past,
    options,
  );
}

/** An error of a listener must not stop the journal, but is still reported as uncaught. */
function notify(listener: (event: SweepEvent) => void, event: SweepEvent): void {
  try {
    listener(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
