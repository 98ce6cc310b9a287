import type { Fact, Journal } from "../journal/events.ts";
import { openJournal, readJournal } from "../journal/journal-file.ts";
import { JournalError, LockError } from "../journal/journal-errors.ts";
import { volatileJournal } from "../journal/create-journal.ts";
import { readOwner } from "../lock/generation-files.ts";
import { takeOwnership } from "../lock/owner-lock.ts";
import type { HeldOwnership, OwnershipRequest } from "../lock/owner-lock.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

// A full or read-only disk must not prevent the deletion of a VM. These functions take the lock and write the journal
// if they can, warn if they cannot, and let the teardown continue.

export interface OptionalOwnership {
  readonly ownership: HeldOwnership;
  /** False if no lock file can be written; then no other process can write one either. */
  readonly locked: boolean;
}

/** Takes the lock, or warns and proceeds without it. @throws SweepError exit 7 if another process holds it */
export async function takeOwnershipOrProceed(
  stateDir: string,
  request: OwnershipRequest,
  warn: (text: string) => void,
): Promise<OptionalOwnership> {
  try {
    return { ownership: await takeOwnership(stateDir, { onWait: warn, ...request }), locked: true };
  } catch (error) {
    if (!(error instanceof LockError)) throw error;
    warn(`destroying without the lock: ${error.reason ?? error.message}`);
    const ownership = {
      gen: (request.replaces ?? readOwner(stateDir)?.gen ?? 0) + 1,
      assertCurrent: () => undefined,
      release: () => Promise.resolve(),
    };
    return { ownership, locked: false };
  }
}

/**
 * Opens the journal, or warns and continues in memory with the events read so far. The run on the disk then remains
 * open until a later owner confirms that its VMs are deleted. @throws FencedError
 */
export async function openJournalOrFallBack(
  options: Parameters<typeof openJournal>[0],
  locked: boolean,
  warn: (text: string) => void,
): Promise<Journal> {
  try {
    if (locked) return await openJournal(options);
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    warn(`destroying without the journal: ${error.reason ?? error.message}`);
  }
  return volatileJournal(readJournal(options.folder).events, options);
}

/** Facts that could not be written yet. */
const pending = new WeakMap<Journal, Fact[]>();

/**
 * Appends a fact about a teardown. If it cannot be written, raises an alarm and writes it before the next fact.
 * @throws FencedError
 */
export async function appendBestEffort(ports: TeardownPorts, fact: Fact): Promise<void> {
  const facts = pending.get(ports.journal) ?? [];
  pending.set(ports.journal, facts);
  if (facts.length === 0 && (await tryAppend(fact, ports))) return;
  facts.push(fact);
  if (facts.length > 1) await flushPending(ports);
}

/** Tries again to write the pending facts, in order. @throws FencedError */
export async function flushPending(ports: TeardownPorts): Promise<void> {
  const facts = pending.get(ports.journal) ?? [];
  for (let fact = facts.shift(); fact !== undefined; fact = facts.shift()) {
    if (await tryAppend(fact, ports)) continue;
    facts.unshift(fact);
    return;
  }
}

async function tryAppend(fact: Fact, { journal, onAlarm }: TeardownPorts): Promise<boolean> {
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
