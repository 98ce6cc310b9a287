import type { EventOf } from "../../../src/journal/events.ts";
import { foldRun } from "../../../src/journal/fold-run.ts";
import { foldLedger } from "../../../src/journal/ledger.ts";
import type { Outcome } from "./run-schedule.ts";

/** What is wrong with the end of a schedule; nothing, it is hoped. */
export function breaches(outcome: Outcome): readonly string[] {
  const { world, events, capMicroUsd, forbidden, foreignId } = outcome;
  const { ledgerMicroUsd: ledger, invoiceMicroUsd: invoice } = outcome;
  const state = foldRun(events);
  const ours = world.vms.all().filter(({ id }) => id !== foreignId);
  const living = ours.filter(({ deletedMs }) => deletedMs === undefined);
  const walls = world.firewalls.all().filter(({ deletedMs }) => deletedMs === undefined);
  const foreign = world.vms.all().find(({ id }) => id === foreignId);
  const found: (readonly [string, boolean])[] = [
    [`living: ${living.map(({ label }) => label).join()}`, living.length > 0],
    [`firewalls left: ${String(walls.length)}`, walls.length > 0],
    [`invoice ${String(invoice)} > ledger ${String(ledger)}`, invoice > ledger],
    ["the run is not closed", state.closed === undefined],
    ["somebody else's VM was destroyed", foreign?.deletedMs !== undefined],
    [`passed the cap: ${String(ledger)} > ${String(capMicroUsd)}`, passedTheCap(outcome)],
    ...forbidden.map((what) => [what, true] as const),
    ...passesTwice(outcome).map((what) => [what, true] as const),
    ...admittedAboveTheCap(outcome).map((what) => [what, true] as const),
  ];
  return found.filter(([, wrong]) => wrong).map(([what]) => what);
}

/** The cap may be passed only by VMs that nobody could delete within the hours that were reserved for them. */
function passedTheCap({ events, capMicroUsd, ledgerMicroUsd }: Outcome): boolean {
  if (ledgerMicroUsd <= capMicroUsd) return false;
  const { rentals } = foldRun(events);
  const inTime = [...rentals.values()].every(({ settled, reservedMicroUsd, priceMicroUsd }) => {
    const reservedHours = reservedMicroUsd / priceMicroUsd;
    return settled === undefined || settled.hours <= reservedHours;
  });
  return inTime;
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

function passesTwice({ events, passes }: Outcome): readonly string[] {
  const counts = new Map<string, number>();
  for (const event of events.filter(
    (one): one is EventOf<"pass.finished"> => one.type === "pass.finished",
  )) {
    const key = `${event.record.gpu_type} ${event.model}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].flatMap(([key, count]) =>
    count > passes ? [`${key}: ${String(count)} passes instead of ${String(passes)}`] : [],
  );
}
