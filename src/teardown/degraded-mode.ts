import type { Journal } from "../journal/events.ts";
import { openJournal, readJournal } from "../journal/journal-file.ts";
import { JournalError, LockError } from "../journal/journal-errors.ts";
import { volatileJournal } from "../journal/create-journal.ts";
import { readOwner, takeOwnership } from "../lock/owner-lock.ts";
import type { HeldOwnership, OwnershipRequest } from "../lock/owner-lock.ts";

export interface AnyOwnership {
  readonly ownership: HeldOwnership;
  /** False where the disk takes no lock file, and so none from anybody else either. */
  readonly locked: boolean;
}

/** The lock, or leave to destroy without it. @throws SweepError exit 7 when another owner lives */
export async function lockOrProceed(
  stateDir: string,
  request: OwnershipRequest,
  tell: (text: string) => void,
): Promise<AnyOwnership> {
  try {
    return { ownership: await takeOwnership(stateDir, { onWait: tell, ...request }), locked: true };
  } catch (error) {
    if (!(error instanceof LockError)) throw error;
    tell(`destroying without the lock: ${error.reason ?? error.message}`);
    const ownership = {
      gen: (request.replaces ?? readOwner(stateDir)?.gen ?? 0) + 1,
      assertCurrent: () => undefined,
      release: () => Promise.resolve(),
    };
    return { ownership, locked: false };
  }
}

/**
 * The journal; where the disk takes nothing, one that goes on from what can be read and forgets: its run stays open
 * there until a later owner finds it gone. @throws FencedError
 */
export async function openOrReport(
  options: Parameters<typeof openJournal>[0],
  locked: boolean,
  tell: (text: string) => void,
): Promise<Journal> {
  try {
    if (locked) return await openJournal(options);
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    tell(`destroying without the journal: ${error.reason ?? error.message}`);
  }
  return volatileJournal(readJournal(options.folder).events, options);
}
