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
  /** The run's folder, which is named after the run. `journal` is the journal in it, opened. */
  readonly folder: string;
  /** A resume has already journaled that it adopts the run, and keeps the firewall and the journal open. */
  readonly by: "recover" | "guard" | "down" | "resume";
  readonly pid: number;
  /** Spares VMs that are held for a user until they expire; the run then remains open. */
  readonly excludeHeld: boolean;
  /** Further rentals to spare. */
  readonly exclude?: ((rental: RentalState) => boolean) | undefined;
  readonly reason?: string | undefined;
  /** On the run's clock; undefined means to continue until every deletion is confirmed. */
  readonly patienceMs?: number | undefined;
  /** Whether the run's simulated world has ended; called repeatedly. Undefined for a real cloud. */
  readonly worldGone?: (() => Promise<boolean>) | undefined;
}

export interface Recovery {
  /** `spared`: everything else is deleted. `unconfirmed`: patience ended before all deletions were confirmed. */
  readonly outcome: "closed" | "world_ended" | "spared" | "unconfirmed";
  /** Labels. */
  readonly spared: readonly string[];
  readonly unconfirmed: readonly string[];
}

/** Whether a VM is held for a user and has not expired. */
function isHeld(rental: RentalState, nowMs: number): boolean {
  return Math.min(rental.heldUntilMs ?? 0, rental.expiresMs) > nowMs;
}

/**
 * Ends a run whose owner is gone: destroys the VMs that the journal or the cloud shows, settles their rentals, deletes
 * the firewall and closes the journal. VMs in the journal are destroyed without waiting for the cloud's list.
 * @throws FencedError
 */
export async function recoverRun(options: RecoverRun): Promise<Recovery> {
  const { by, clock, pid, worldGone } = options;
  if (by !== "resume") await appendBestEffort(options, { type: "run.adopted", by, pid });
  if ((await worldGone?.()) === true) return recordWorldEnd(options);
  await markUnknownCreates(options);
  try {
    return await withPatience(clock, options.patienceMs, (patience) =>
      worldGone === undefined
        ? destroyOpen(options, patience)
        : untilWorldEnds(worldGone, clock, (worldEnded) =>
            destroyOpen({ ...options, worldEnded }, patience),
          ),
    );
  } catch (error) {
    if (error instanceof WorldEnded) return recordWorldEnd(options);
    throw error;
  }
}

async function recordWorldEnd(options: RecoverRun): Promise<Recovery> {
  const world = foldRun(options.journal.events()).opened?.world ?? "";
  await appendBestEffort(options, { type: "world.ended", world });
  if (options.by !== "resume") await closeRun(options);
  return { outcome: "world_ended", spared: [], unconfirmed: [] };
}

async function destroyOpen(
  options: RecoverRun,
  patience: AbortSignal | undefined,
): Promise<Recovery> {
  const { journal, clock, by } = options;
  const isExcluded = (rental: RentalState): boolean =>
    (options.excludeHeld && isHeld(rental, clock.now())) || options.exclude?.(rental) === true;
  const reason = options.reason ?? "the run has no owner";
  const unconfirmed = new Set<string>();
  const destroyAll = (rentals: readonly RentalState[]): Promise<unknown> =>
    Promise.all(
      rentals.map(async (rental) => {
        const result = await destroyRental({ ...options, rental, reason, patience });
        if (result === "unconfirmed") unconfirmed.add(rental.label);
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
  // While the disk was full, the end of a rental may not have been written; such a run is not closed.
  for (const rental of unsettled(options)) await settleRental(rental, options);
  const stillOpen = unsettled(options);
  if (stillOpen.length > 0)
    return { outcome: "unconfirmed", spared: [], unconfirmed: labelsOf(stillOpen) };
  await closeRun(options);
  return { outcome: "closed", spared: [], unconfirmed: [] };
}

function unsettled({ journal }: RecoverRun): readonly RentalState[] {
  const { rentals } = foldRun(journal.events());
  return [...rentals.values()].filter(({ settled }) => settled === undefined);
}

/** A damaged journal may have lost the event that a create was sent, so every VM that it names may exist. */
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
