import { deleteClientKey } from "../journal/client-key.ts";
import { foldRun, unknownRental, openRentals } from "../run-state/fold-run.ts";
import { readJournal } from "../journal/journal-file.ts";
import { parseLabel } from "../journal/label.ts";
import type { RentalState } from "../run-state/run-state.ts";
import { ExitCode } from "../support/errors.ts";
import { destroyRental } from "./destroy-rental.ts";
import { destroyFirewall } from "./destroy-firewall.ts";
import { findOrphans } from "./find-orphans.ts";
import { mayExist } from "./find-vm.ts";
import { withPatience } from "./patience.ts";
import { untilWorldEnds, WorldEnded } from "./world-ended.ts";
import { settleRental } from "./settle-rental.ts";
import { appendBestEffort } from "./degraded-mode.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

export interface RecoverRun extends TeardownPorts {
  /** The run's folder; its name is the run's id. The journal is the one in it, already opened. */
  readonly folder: string;
  /** A resume has journaled that it adopts the run; firewall and journal stay open. */
  readonly by: "recover" | "guard" | "down" | "resume";
  readonly pid: number;
  /** Leaves what is held until its expiry alone; the run then stays open. */
  readonly excludeHeld: boolean;
  /** What else to leave alone. */
  readonly exclude?: ((rental: RentalState) => boolean) | undefined;
  readonly reason?: string | undefined;
  /** Virtual; without it there is no end but the proof. */
  readonly patienceMs?: number | undefined;
  /** Is the simulated world that the run lived in gone? Asked again and again; undefined on a real cloud. */
  readonly worldGone?: (() => Promise<boolean>) | undefined;
}

export interface Recovery {
  /** `spared`: all but what is spared is gone. `unconfirmed`: patience ended before the proof. */
  readonly outcome: "closed" | "world_ended" | "spared" | "unconfirmed";
  /** Labels. */
  readonly spared: readonly string[];
  readonly unconfirmed: readonly string[];
}

/** Is it held, and neither expired nor past what it was held for? */
function isHeld(rental: RentalState, nowMs: number): boolean {
  return Math.min(rental.heldUntilMs ?? 0, rental.expiresMs) > nowMs;
}

/**
 * Brings a run that its owner left to its end: folds the journal, asks the cloud for everything that carries the
 * run's name, destroys what is open on either side, confirms that it is deleted, settles it, removes the firewall and closes the
 * journal. What the journal knows is destroyed without waiting for the list. @throws FencedError
 */
export async function recoverRun(options: RecoverRun): Promise<Recovery> {
  const { by, clock, pid, worldGone } = options;
  if (by !== "resume") await appendBestEffort(options, { type: "run.adopted", by, pid });
  if ((await worldGone?.()) === true) return endWithItsWorld(options);
  await markUnknownCreates(options);
  try {
    return await withPatience(clock, options.patienceMs, (patience) =>
      worldGone === undefined
        ? destroyLeft(options, patience)
        : untilWorldEnds(worldGone, clock, (worldEnded) =>
            destroyLeft({ ...options, worldEnded }, patience),
          ),
    );
  } catch (error) {
    if (error instanceof WorldEnded) return endWithItsWorld(options);
    throw error;
  }
}

async function endWithItsWorld(options: RecoverRun): Promise<Recovery> {
  const world = foldRun(options.journal.events()).opened?.world ?? "";
  await appendBestEffort(options, { type: "world.ended", world });
  if (options.by !== "resume") await closeRun(options);
  return { outcome: "world_ended", spared: [], unconfirmed: [] };
}

async function destroyLeft(
  options: RecoverRun,
  patience: AbortSignal | undefined,
): Promise<Recovery> {
  const { journal, clock, by } = options;
  const isExcluded = (rental: RentalState): boolean =>
    (options.excludeHeld && isHeld(rental, clock.now())) || options.exclude?.(rental) === true;
  const reason = options.reason ?? "the run was left by its owner";
  const unconfirmed = new Set<string>();
  const destroyAll = (rentals: readonly RentalState[]): Promise<unknown> =>
    Promise.all(
      rentals.map(async (rental) => {
        const end = await destroyRental({ ...options, rental, reason, patience });
        if (end === "unconfirmed") unconfirmed.add(rental.label);
      }),
    );

  const state = foldRun(journal.events());
  const known = openRentals(state).filter(
    (rental) => mayExist(rental, options) && !isExcluded(rental),
  );
  const spared = openRentals(state).filter(isExcluded);
  const covered = new Set([...known, ...spared].map(({ label }) => label));
  const destroyOrphans = async (): Promise<boolean> => {
    const orphans = await findOrphans(options, covered, patience);
    if (orphans === undefined) return false;
    for (const { label } of orphans) covered.add(label);
    await destroyAll(orphans);
    return orphans.length === 0 || destroyOrphans();
  };
  const [, listed] = await Promise.all([destroyAll(known), destroyOrphans()]);
  if (!listed)
    return { outcome: "unconfirmed", spared: labelsOf(spared), unconfirmed: [...unconfirmed] };

  for (const rental of unsettled(options)) {
    if (rental.goneMs !== undefined || !mayExist(rental, options))
      await settleRental(rental, options);
  }
  if (unconfirmed.size > 0) {
    return { outcome: "unconfirmed", spared: labelsOf(spared), unconfirmed: [...unconfirmed] };
  }
  if (spared.length > 0 || by === "resume") {
    return { outcome: "spared", spared: labelsOf(spared), unconfirmed: [] };
  }
  const { run } = journal;
  if ((await destroyFirewall({ ...options, run, patience })) === "unconfirmed") {
    return { outcome: "unconfirmed", spared: [], unconfirmed: [] };
  }
  // A disk that took nothing for a while may have lost the end of one: books that lack it are not closed.
  for (const rental of unsettled(options)) await settleRental(rental, options);
  const lost = unsettled(options);
  if (lost.length > 0) return { outcome: "unconfirmed", spared: [], unconfirmed: labelsOf(lost) };
  await closeRun(options);
  return { outcome: "closed", spared: [], unconfirmed: [] };
}

function unsettled({ journal }: RecoverRun): readonly RentalState[] {
  const { rentals } = foldRun(journal.events());
  return [...rentals.values()].filter(({ settled }) => settled === undefined);
}

/** In a damaged journal the fact that a create was sent may be lost: everything ever named may exist. */
async function markUnknownCreates(options: RecoverRun): Promise<void> {
  const { damaged, labels } = readJournal(options.folder);
  if (!damaged) return;
  const { rentals } = foldRun(options.journal.events());
  for (const label of labels) {
    if (parseLabel(label)?.kind !== "vm") continue;
    const rental = rentals.get(label) ?? unknownRental(label, options.clock.now());
    if (rental.settled !== undefined || mayExist(rental, options)) continue;
    await appendBestEffort(options, {
      type: "create.unknown",
      label,
      reason: "the journal is damaged",
    });
  }
}

async function closeRun(options: RecoverRun): Promise<void> {
  const { journal, by, folder } = options;
  deleteClientKey(folder);
  const state = foldRun(journal.events());
  const held = journal.events().some(({ type }) => type === "rental.held");
  if (by === "down" || held) {
    await appendBestEffort(options, {
      type: "run.closed",
      exit_code: ExitCode.done,
      state: "finished",
    });
    return;
  }
  const interrupted = state.stopping !== undefined;
  await appendBestEffort(options, {
    type: "run.closed",
    exit_code: interrupted ? ExitCode.interrupted : ExitCode.incomplete,
    state: interrupted ? "interrupted" : "crashed",
  });
}

function labelsOf(rentals: readonly RentalState[]): readonly string[] {
  return rentals.map(({ label }) => label);
}
