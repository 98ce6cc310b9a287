import { costOf, foldLedger, hoursOf } from "../run-state/ledger.ts";
import type { RentalState } from "../run-state/run-state.ts";
import { isoUtc } from "../support/clock.ts";
import { formatUsd } from "../support/money.ts";
import { html, type Html } from "./html.ts";
import type { ReportedRun } from "./report-facts.ts";
import { isSimulated } from "./sweep-verdict.ts";
import { usefulTime, type VmTime } from "./vm-utilisation.ts";

const MINUTE_MS = 60_000;
const MOST_VMS = 400;

/** What each VM cost and brought, run by run, the newest first: planned against billed, and what was wasted. */
export function moneySection(runs: readonly ReportedRun[]): Html {
  let room = MOST_VMS;
  const shown = runs.toReversed().filter(({ state }) => {
    room -= state.rentals.size;
    return room >= 0;
  });
  const more = runs.length - shown.length;
  return html`<section aria-labelledby="money">
    <h2 id="money">Money</h2>
    <p>
      Linode bills started hours from the create to the proof that a VM is gone. Useful is set-up,
      loading and measuring that led to a sound pass; wasted is the rest of what was billed: the end
      of the last hour, models that failed, passes that did not count, waiting.
    </p>
    ${shown.length === 0 ? html`<p>No run has a journal here.</p>` : shown.map(runMoney)}
    ${more > 0 ? html`<p>${more} older runs are left out; maider-sweep status shows them.</p>` : undefined}
  </section>`;
}

function runMoney(run: ReportedRun, index: number): Html {
  const { state, events, nowMs } = run;
  const ledger = foldLedger(state, nowMs);
  const useful = usefulTime(events);
  const rentals = [...state.rentals.values()].filter((rental) => hoursOf(rental, nowMs) > 0);
  const times = rentals.map((rental) => timesOf(rental, useful.get(rental.label), nowMs));
  const sum = (of: (times: Times) => number): number =>
    times.reduce((total, one) => total + of(one), 0);
  const { opened, closed } = state;
  const planned =
    opened === undefined
      ? ""
      : `planned ${formatUsd(opened.likely_micro_usd)} (at worst ${formatUsd(opened.worst_micro_usd)}), `;
  const ended = closed === undefined ? "not closed" : closed.state;
  const titleId = `run-${state.run}`;
  return html`<details${index === 0 ? html` open` : undefined}><summary id="${titleId}">${isSimulated(state) ? html`<span class="mark">SIMULATED, nothing is owed</span> ` : undefined}Run ${state.run}${opened === undefined ? "" : ` (${opened.plan}), ${opened.ts.slice(0, 10)}`}: ${planned}billed ${formatUsd(ledger.spentMicroUsd)}${ledger.reservedMicroUsd > 0 ? `, reserved ${formatUsd(ledger.reservedMicroUsd)}` : ""} of a cap of ${formatUsd(ledger.capMicroUsd)}; ${ended}</summary>
<div class="scroll" tabindex="0" role="region" aria-labelledby="${titleId}"><table><thead><tr><th scope="col">VM</th><th scope="col">GPU type</th><th scope="col">Region</th><th scope="col">Created (UTC)</th><th scope="col">Confirmed deleted</th><th scope="col" class="n">Hours planned</th><th scope="col" class="n">Hours billed</th><th scope="col" class="n">Billed</th><th scope="col" class="n">Useful min</th><th scope="col" class="n">Wasted min</th></tr></thead>
<tbody>${rentals.map((rental, at) => vmRow(rental, times[at] as Times, nowMs))}</tbody>
<tfoot><tr><th scope="row" colspan="6">${rentals.length} VMs</th><td class="n">${sum(({ hours }) => hours)}</td><td class="n">${formatUsd(ledger.spentMicroUsd)}</td><td class="n">${minutes(sum(({ usefulMs }) => usefulMs))}</td><td class="n">${minutes(sum(({ wastedMs }) => wastedMs))}</td></tr></tfoot></table></div></details>
`;
}

interface Times {
  readonly hours: number;
  readonly usefulMs: number;
  readonly wastedMs: number;
}

function timesOf(rental: RentalState, time: VmTime | undefined, nowMs: number): Times {
  const hours = hoursOf(rental, nowMs);
  const usefulMs = time === undefined ? 0 : time.setUpMs + time.loadMs + time.measuringMs;
  return { hours, usefulMs, wastedMs: Math.max(0, hours * 60 * MINUTE_MS - usefulMs) };
}

function vmRow(rental: RentalState, { hours, usefulMs, wastedMs }: Times, nowMs: number): Html {
  const { createSentMs, goneMs } = rental;
  return html`<tr>
    <th scope="row">${rental.label}</th>
    <td>${rental.gpu}</td>
    <td>${rental.region}</td>
    <td>${stamp(createSentMs)}</td>
    <td>${goneMs === undefined ? html`<strong>not confirmed</strong>` : stamp(goneMs)}</td>
    <td class="n">${rental.reservedHours}</td>
    <td class="n">${hours}</td>
    <td class="n">${formatUsd(costOf(rental, nowMs))}</td>
    <td class="n">${minutes(usefulMs)}</td>
    <td class="n">${minutes(wastedMs)}</td>
  </tr> `;
}

function stamp(ms: number | undefined): string {
  return ms === undefined ? "–" : isoUtc(ms).slice(0, 16).replace("T", " ");
}

function minutes(ms: number): string {
  return (ms / MINUTE_MS).toFixed(0);
}
