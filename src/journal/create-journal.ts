import type { Clock } from "../support/clock.ts";
import { isoUtc } from "../support/clock.ts";
import type { CrashHook } from "./crash-hook.ts";
import type { Fact, Journal, Ownership, SweepEvent } from "./events.ts";
import { encodeLine } from "./journal-line.ts";

/** Where lines go. */
export interface JournalStore {
  /** Resolves once the text is durable. @throws JournalError when it is not, and leaves nothing of it behind. */
  append(text: string): Promise<void>;
  close(): Promise<void>;
}

export interface JournalOptions {
  readonly run: string;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly crash?: CrashHook | undefined;
  /** Blanks secrets; applied to every line. */
  readonly redact?: ((text: string) => string) | undefined;
}

interface Waiting {
  readonly fact: Fact;
  readonly ts: string;
  readonly resolve: (event: SweepEvent) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * A journal over a store: one ordered queue. Facts that arrive while others are being synced share the next sync;
 * with a crash hook each has its own, so that "before" means that all former ones are durable.
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
  let waiting: Waiting[] = [];
  let draining: Promise<void> | undefined;

  const writeBatch = async (batch: readonly Waiting[]): Promise<void> => {
    let seq = events.at(-1)?.seq ?? 0;
    const encoded = batch.map(({ fact, ts }) => {
      seq += 1;
      return encodeLine(fact, { seq, gen: ownership.gen, ts, run }, redact);
    });
    // A former owner that wakes up must not write into its successor's journal.
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
    while (waiting.length > 0) {
      const batch = crash === undefined ? waiting.splice(0) : waiting.splice(0, 1);
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
        waiting.push({ fact, ts: isoUtc(clock.now()), resolve, reject });
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

/** A journal that forgets: for what must be destroyed while the disk takes nothing, and for simulated time. */
export function volatileJournal(past: readonly SweepEvent[], options: JournalOptions): Journal {
  return createJournal(
    { append: () => Promise.resolve(), close: () => Promise.resolve() },
    past,
    options,
  );
}

/** A view that breaks must not take the journal with it, nor hide that it broke. */
function notify(listener: (event: SweepEvent) => void, event: SweepEvent): void {
  try {
    listener(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
