import type { Fact, Journal } from "../journal/events.ts";
import { openJournal, readJournal } from "../journal/journal-file.ts";
import { JournalError, LockError } from "../journal/journal-errors.ts";
import { volatileJournal } from "../journal/create-journal.ts";
import { readOwner, takeOwnership } from "../lock/owner-lock.ts";
import type { HeldOwnership, OwnershipRequest } from "../lock/owner-lock.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

export interface AnyOwnership {
  readonly ownership: HeldOwnership;
  /** False where the disk takes no lock file, and so none of any other process either. */
  readonly locked: boolean;
}

/** The lock; where the disk takes none, permission to destroy without it. @throws SweepError exit 7 when another owner lives */
export async function takeOwnershipOrProceed(
  stateDir: string,
  request: OwnershipRequest,
  warn: (text: string) => void,
): Promise<AnyOwnership> {
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
 * The journal; where the disk takes nothing, one in memory that begins with what can be read: the run then stays open
 * on the disk until a later owner finds its VMs gone. @throws FencedError
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

/** Facts that the disk has not taken yet, by their journal. */
const pending = new WeakMap<Journal, Fact[]>();

/**
 * Appends a fact of a destruction, where a full disk must not keep a VM alive. What the disk does not take is written
 * before the next fact. @throws FencedError
 */
export async function appendBestEffort(ports: TeardownPorts, fact: Fact): Promise<void> {
  const facts = pending.get(ports.journal) ?? [];
  pending.set(ports.journal, facts);
  if (facts.length === 0 && (await tryAppend(fact, ports))) return;
  facts.push(fact);
  if (facts.length > 1) await flushPending(ports);
}

/** Writes what the disk has not taken so far, if it takes it now. @throws FencedError */
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
