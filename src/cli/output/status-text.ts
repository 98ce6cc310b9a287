import { countText } from "../../support/count-text.ts";
import { gpuName, modelName } from "../../catalog/short-names.ts";
import { indentLines, renderTable, type Column } from "../../report/render-table.ts";
import { NO_PROGRESS, type RentalProgress } from "../../run-state/fold-progress.ts";
import { costOf, hoursOf } from "../../run-state/ledger.ts";
import type { RentalState } from "../../run-state/run-state.ts";
import type { LocatedRun } from "../../run/run-folder/read-runs.ts";
import { PACKED_AFTER_DAYS, RETENTION_DAYS } from "../../run/run-folder/retention.ts";
import { minuteUtc } from "../../support/clock.ts";
import { formatUsd } from "../../support/money.ts";
import { nextBilledHour, stageText } from "./live-lines.ts";

/** `bytes` is the size of all runs on disk. */
export function statusJson(runs: readonly LocatedRun[], bytes: number): object {
  return {
    runs: runs.map(({ allRentals: _rentals, progress: _progress, nowMs: _now, ...run }) => run),
    bytes,
  };
}

interface StatusStyle {
  /** Lists the VMs of ended runs too. */
  readonly full: boolean;
  /** Columns of the terminal. */
  readonly width: number;
}

export function statusText(runs: readonly LocatedRun[], bytes: number, style: StatusStyle): string {
  const texts = runs.map((run) => runText(run, style));
  if (!style.full) texts.push(diskUsageText(bytes));
  return `${texts.join("\n\n")}\n`;
}

export function diskUsageText(bytes: number): string {
  return [
    `journals and logs use ${(bytes / 1e6).toFixed(1)} MB; those of ended runs are`,
    `compressed after ${countText(PACKED_AFTER_DAYS, "day")} and deleted after ${countText(RETENTION_DAYS, "day")}`,
  ].join("\n");
}

/** A run with its plan, dates, result and money, and a table of its VMs. */
export function runText(run: LocatedRun, style: StatusStyle): string {
  const vms = run.allRentals.filter(({ stage }) => style.full || stage !== "settled");
  const deleted = run.allRentals.length - vms.length;
  const lines = [
    headline(run),
    `  ${datesText(run)}`,
    ...resultLines(run).map((line) => `  ${line}`),
    `  ${moneyText(run)}`,
    ...attentionLines(run).map((line) => `  ${line}`),
    ...(deleted === 0 ? [] : [`  ${countText(deleted, "VM")} confirmed deleted`]),
  ];
  if (vms.length > 0) lines.push(vmTable(run, vms, style.width));
  const failed = vms.flatMap(({ failure, label }) =>
    failure === undefined ? [] : [`${label}: ${failure}`],
  );
  if (failed.length > 0) lines.push(indentLines(failed, style.width));
  return lines.join("\n");
}

function headline({ plan, run, session, simulated, state }: LocatedRun): string {
  const name = plan === null ? [] : [session ? `session ${plan}` : plan];
  return [run, ...name, state, ...(simulated ? ["SIMULATED"] : [])].join("  ");
}

function datesText({ started, ended }: LocatedRun): string {
  if (started === null) return "start unknown";
  const from = `started ${minuteUtc(Date.parse(started))}`;
  return `${ended === null ? from : `${from}, ended ${minuteUtc(Date.parse(ended))}`} UTC`;
}

function resultLines({
  configurations,
  fastest,
  measured,
  passes,
  session,
}: LocatedRun): readonly string[] {
  if (session) return [];
  return [
    `measured ${String(measured)} of ${countText(configurations, "configuration")}, ${countText(passes, "sound pass", "sound passes")}`,
    ...(fastest === null
      ? []
      : [
          `fastest: ${modelName(fastest.model)} on ${gpuName(fastest.gpu)}, ${fastest.tokens_per_sec.toFixed(1)} tokens/s`,
        ]),
  ];
}

function moneyText({ cap_usd: cap, ended, reserved_usd: reserved, spent_usd: spent }: LocatedRun) {
  const total = `of $${cap.toFixed(2)}`;
  if (ended !== null && reserved === 0) return `$${spent.toFixed(2)} spent ${total}`;
  const left = cap - spent - reserved;
  return `$${spent.toFixed(2)} spent, $${reserved.toFixed(2)} reserved, $${left.toFixed(2)} left ${total}`;
}

/** The processes of a run that is going on, and what needs a person. */
function attentionLines(run: LocatedRun): readonly string[] {
  const nextHour = nextBilledHour(run.allRentals, run.nowMs);
  return [
    ...(nextHour === undefined ? [] : [`next billed hour in ${String(nextHour)} min`]),
    ...(run.pid === null
      ? []
      : [`process ${String(run.pid)}, guard ${String(run.guard_pid ?? "none")}`]),
    ...(run.damaged ? ["its journal is damaged: figures may be incomplete"] : []),
    ...(run.state === "unresolved"
      ? ["a VM may still be billed: maider-sweep recover destroys it"]
      : []),
  ];
}

/** From here on there is room for the region. */
const WIDE = 110;

function vmTable(run: LocatedRun, vms: readonly RentalState[], width: number): string {
  const isWide = width >= WIDE;
  const columns: readonly Column[] = [
    { head: "VM", shrinks: true },
    { head: "GPU type", shrinks: true },
    ...(isWide ? [{ head: "Region" }] : []),
    { head: "Stage" },
    { head: "Hours", align: "right" },
    { head: "Cost", align: "right" },
  ];
  const rows = vms.map((vm) => [
    vm.label,
    gpuName(vm.gpu),
    ...(isWide ? [vm.region] : []),
    stageOf(vm, run.progress.get(vm.label) ?? NO_PROGRESS, run.nowMs),
    String(hoursOf(vm, run.nowMs)),
    formatUsd(costOf(vm, run.nowMs)),
  ]);
  return renderTable(columns, rows, { width, colour: false });
}

/** In about 20 characters. */
function stageOf(rental: RentalState, progress: RentalProgress, nowMs: number): string {
  const { failure, settled, stage } = rental;
  if (settled !== undefined) return failure === undefined ? "deleted" : "deleted, failed";
  const { pass = 1, passes = 1, testIndex = 0, tests = 0 } = progress;
  return stage === "measuring"
    ? `pass ${String(pass)}/${String(passes)} test ${String(testIndex)}/${String(tests)}`
    : stageText(rental, progress, nowMs);
}
