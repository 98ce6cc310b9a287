import type { PlannedRental } from "../estimate/estimate.ts";
import { foldRun } from "../run-state/fold-run.ts";
import { admits, foldLedger } from "../run-state/ledger.ts";
import type { Ledger } from "../run-state/run-state.ts";
import { formatUsd, type MicroUsd } from "../support/money.ts";
import type { SweepPorts } from "./ports.ts";
import type { SweepSettings } from "./settings.ts";

/** Whether a reservation, with everything spent, reserved and unresolved, stays within all caps. */
export function fitsNow(needed: MicroUsd, ports: SweepPorts, settings: SweepSettings): boolean {
  const ledger = ledgerNow(ports);
  if (!admits(ledger, needed)) return false;
  const monthlyCap = monthlyCapOf(ports, settings);
  return monthlyCap === Infinity || monthUsed(ledger, ports) + needed <= monthlyCap;
}

/** A message that names the cap which a rental would exceed. */
export function whyNotAffordable(
  planned: PlannedRental,
  ports: SweepPorts,
  settings: SweepSettings,
): string {
  const ledger = ledgerNow(ports);
  const needed = Math.max(...planned.regions.map(({ hourly }) => hourly)) * planned.reservedHours;
  const monthlyCap = monthlyCapOf(ports, settings);
  if (monthlyCap !== Infinity && admits(ledger, needed)) {
    return `budget: it needs ${formatUsd(needed)}, ${formatUsd(monthUsed(ledger, ports))} of monthly_cap ${formatUsd(monthlyCap)} are spent or reserved`;
  }
  return `budget: it needs ${formatUsd(needed)}, ${formatUsd(ledger.leftMicroUsd)} are left of ${formatUsd(settings.cap)}`;
}

function ledgerNow({ journal, clock }: SweepPorts): Ledger {
  return foldLedger(foldRun(journal.events()), clock.now());
}

/** The lowest monthly cap of this run and other open runs. */
function monthlyCapOf({ month }: SweepPorts, { monthlyCap }: SweepSettings): MicroUsd {
  return Math.min(monthlyCap ?? Infinity, month?.lowestCapOfOtherRuns() ?? Infinity);
}

/** What all runs of the state folder have spent and reserved this month. */
function monthUsed(ledger: Ledger, { month }: SweepPorts): MicroUsd {
  return (month?.usedByOtherRuns() ?? 0) + ledger.spentMicroUsd + ledger.reservedMicroUsd;
}
