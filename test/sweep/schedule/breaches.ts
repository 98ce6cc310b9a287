import type { EventOf } from "../../../src/journal/events.ts";
import { foldRun } from "../../../src/run-state/fold-run.ts";
import { foldLedger } from "../../../src/run-state/ledger.ts";
import type { Outcome } from "./run-schedule.ts";
import type { Schedule } from "./schedule.ts";

/** What is wrong with the end of a schedule; nothing, it is hoped. */
export function breaches(outcome: Outcome): readonly string[] {
  const { world, events, capMicroUsd, forbidden, foreignIds } = outcome;
  const { ledgerMicroUsd: ledger, invoiceMicroUsd: invoice } = outcome;
  const state = foldRun(events);
  const ours = world.vms.all().filter(({ id }) => !foreignIds.has(id));
  const living = ours.filter(({ deletedMs }) => deletedMs === undefined);
  const walls = world.firewalls.all().filter(({ deletedMs }) => deletedMs === undefined);
  const foreign = world.vms.all().filter(({ id }) => foreignIds.has(id));
  const found: (readonly [string, boolean])[] = [
    [`living: ${living.map(({ label }) => label).join()}`, living.length > 0],
    [`firewalls left: ${String(walls.length)}`, walls.length > 0],
    [`invoice ${String(invoice)} > ledger ${String(ledger)}`, invoice > ledger],
    ["the run is not closed", state.closed === undefined],
    ["somebody else's VM was destroyed", foreign.some(({ deletedMs }) => deletedMs !== undefined)],
    [`passed the cap: ${String(ledger)} > ${String(capMicroUsd)}`, passedTheCap(outcome)],
    ...forbidden.map((what) => [what, true] as const),
    ...passesTwice(outcome).map((what) => [what, true] as const),
    ...admittedAboveTheCap(outcome).map((what) => [what, true] as const),
    ...admittedBesideUnconfirmed(outcome).map((what) => [what, true] as const),
  ];
  return found.filter(([, wrong]) => wrong).map(([what]) => what);
}

/**
 * The cap may be passed only by VMs that nobody could delete within the hours that were reserved for them, and by
 * no more than those hours; where the API answers, the disk takes facts and somebody owns the run, not at all.
 */
function passedTheCap({ events, capMicroUsd, ledgerMicroUsd, schedule }: Outcome): boolean {
  if (ledgerMicroUsd <= capMicroUsd) return false;
  if (canAlwaysDelete(schedule)) return true;
  const rentals = [...foldRun(events).rentals.values()];
  const overtime = rentals.map(({ settled, reservedMicroUsd }) =>
    Math.max(0, (settled?.microUsd ?? 0) - reservedMicroUsd),
  );
  return ledgerMicroUsd - overtime.reduce((sum, each) => sum + each, 0) > capMicroUsd;
}

function canAlwaysDelete({ death, successors, happenings, faults }: Schedule): boolean {
  const harmless: readonly string[] = ["reap", "no stock", "link breaks", "another address"];
  return (
    death === undefined &&
    successors.every((each) => each.death === undefined) &&
    happenings.every(({ what }) => harmless.includes(what)) &&
    faults.every(({ match }) => match.method === "POST")
  );
}

/** Each reservation, as it was made: with it, all that was spent and reserved was within the cap. */
function admittedAboveTheCap({ events, capMicroUsd }: Outcome): readonly string[] {
  return events.flatMap((event, index) => {
    if (event.type !== "rental.reserved") return [];
    const then = foldLedger(foldRun(events.slice(0, index + 1)), Date.parse(event.ts));
    const all = then.spentMicroUsd + then.reservedMicroUsd;
    return all <= capMicroUsd ? [] : [`${event.label} was admitted at ${String(all)}`];
  });
}

/** Longer than a destruction takes that meets no obstacle. */
const UNCONFIRMED_MS = 120_000;

/** Each reservation that was made while a VM had not been confirmed deleted for a while. */
function admittedBesideUnconfirmed({ events }: Outcome): readonly string[] {
  return events.flatMap((event, index) => {
    if (event.type !== "rental.reserved") return [];
    const { rentals } = foldRun(events.slice(0, index));
    return [...rentals.values()]
      .filter(({ stage }) => stage === "destroying")
      .filter(({ sinceMs }) => Date.parse(event.ts) - sinceMs > UNCONFIRMED_MS)
      .map(({ label }) => `${event.label} was admitted while ${label} was not confirmed deleted`);
  });
}

/** Every pass is recorded exactly once, and a configuration that is told as measured has all of them. */
function passesTwice({ events, schedule: { passes } }: Outcome): readonly string[] {
  const recorded = events.filter(
    (one): one is EventOf<"pass.finished"> => one.type === "pass.finished",
  );
  const keyOf = (gpu: string, key: string | undefined): string => `${gpu} ${key ?? ""}`;
  const counts = new Map<string, number>();
  for (const { configuration, record } of recorded) {
    const key = keyOf(record.gpu_type, configuration);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const ids = new Set(recorded.map(({ record }) => record.id));
  return [
    ...[...counts].flatMap(([key, count]) =>
      count > passes ? [`${key}: ${String(count)} passes instead of ${String(passes)}`] : [],
    ),
    ...(ids.size < recorded.length ? ["a record was journaled twice"] : []),
    ...events.flatMap((event) => {
      if (event.type !== "configuration.finished" || event.state !== "measured") return [];
      const count = counts.get(keyOf(event.gpu, event.configuration)) ?? 0;
      return count === passes ? [] : [`${event.label} is measured with ${String(count)} passes`];
    }),
  ];
}
