import { gpuName } from "../catalog/short-names.ts";
import { costOf, hoursOf } from "../run-state/ledger.ts";
import type { Ledger, RunState } from "../run-state/run-state.ts";
import { formatUsd } from "../support/money.ts";
import { renderTable, type TableStyle } from "./render-table.ts";

/** Hours and dollars by rental, then the cap and what is left of it. */
export function moneyTable(
  state: RunState,
  ledger: Ledger,
  nowMs: number,
  style: TableStyle,
): string {
  const rentals = [...state.rentals.values()].filter((rental) => costOf(rental, nowMs) > 0);
  const table = renderTable(
    [
      { head: "VM", shrinks: true },
      { head: "GPU type", shrinks: true },
      { head: "Region" },
      { head: "Hours", align: "right" },
      { head: "$/hour", align: "right" },
      { head: "Billed", align: "right" },
      { head: "State" },
    ],
    rentals.map((rental) => [
      rental.label,
      gpuName(rental.gpu),
      rental.region,
      String(hoursOf(rental, nowMs)),
      formatUsd(rental.priceMicroUsd),
      formatUsd(costOf(rental, nowMs)),
      rental.settled === undefined ? rental.stage : "gone",
    ]),
    style,
  );
  const reserved =
    ledger.reservedMicroUsd > 0 ? `, reserved ${formatUsd(ledger.reservedMicroUsd)}` : "";
  const totals = `billed ${formatUsd(ledger.spentMicroUsd)}${reserved}, cap ${formatUsd(ledger.capMicroUsd)}, left ${formatUsd(ledger.leftMicroUsd)}`;
  return rentals.length === 0 ? `  ${totals}` : `${table}\n  ${totals}`;
}
