import type { DrillResult } from "../../drill/drill-case.ts";
import type { LiveDrillResult } from "../../drill/live-drill.ts";
import type { PlannedRun } from "../../run/run-context.ts";
import { formatUsd } from "../../support/money.ts";
import { oneLine } from "../../support/terminal-text.ts";
import { wrapText } from "../../support/wrap-text.ts";

/** The reboot, the second start and the test replies, which no estimate contains. */
const PROBE_MINUTES = 8;
const FIELD_INDENT = 14;

const TOOK_OVER = {
  guard: "the guard took over",
  recover: "maider-sweep recover took over",
  nobody: "nothing was left to do",
} as const;

/** Two lines: how the program was killed, and the state of the cloud and the ledger afterwards. */
export function drillCaseText(result: DrillResult, number: number): string {
  const { drill, broken, endedBy, invoiceUsd, ledgerUsd, reached, seconds, vms } = result;
  const guard = drill.guard === "killed" ? " together with its guard" : "";
  const problems = [...(reached ? [] : ["the run did not reach this event"]), ...broken];
  const end = problems.length === 0 ? "nothing left" : `BROKEN: ${problems.join("; ")}`;
  const api = drill.fault === "no fault" ? "the API works" : `API: ${drill.fault}`;
  return [
    `${String(number).padStart(2)}. ${api}; killed${guard} ${drill.when} ${drill.point}`,
    `    ${TOOK_OVER[endedBy]}: ${String(vms)} ${vms === 1 ? "VM" : "VMs"} created, ${end} after ${seconds.toFixed(1)} s; invoice $${invoiceUsd.toFixed(2)}, ledger $${ledgerUsd.toFixed(2)}`,
    "",
  ].join("\n");
}

/** The last line: VMs and firewalls left, and the invoices of all cases next to their caps. */
export function drillTotalsText(results: readonly DrillResult[]): string {
  const sum = (pick: (result: DrillResult) => number): number =>
    results.reduce((total, result) => total + pick(result), 0);
  const leaked = sum((result) => result.leaked);
  const invoice = sum((result) => result.invoiceUsd);
  const cap = sum((result) => result.capUsd);
  const exceeded = results.filter(({ invoiceUsd, capUsd }) => invoiceUsd > capUsd).length;
  const comparison = `invoice $${invoice.toFixed(2)} ${invoice > cap ? ">" : "<="} cap $${cap.toFixed(2)}`;
  const note =
    exceeded === 0
      ? ""
      : `; the cap was exceeded in ${String(exceeded)} of ${String(results.length)} cases`;
  return `${String(leaked)} leaked, ${comparison}${note}\n`;
}

/** What a live drill will do and cost, before anything is created. */
export function liveDrillPlanText({
  estimate: { cap, likely, rentals, wallMinutes, worst },
}: PlannedRun): string {
  const types = rentals.map(({ gpuId }) => gpuId).join(" and ");
  const minutes = String(Math.ceil(wallMinutes + PROBE_MINUTES));
  const limit = cap === undefined ? "" : `, cap ${formatUsd(cap)}`;
  return `live drill on ${types}: likely ${formatUsd(likely.micros)} in about ${minutes} minutes, at most ${formatUsd(worst.micros)} reserved${limit}\n`;
}

/** The findings of a live drill, one for each check of the live checklist, and where they were saved. */
export function findingsText(
  { file, findings, simulated }: LiveDrillResult,
  width: number,
): string {
  const differing = findings.filter(({ state }) => state === "differs").length;
  const missing = findings.filter(({ state }) => state === "not shown").length;
  const blocks = findings.flatMap(({ change, check, expected, number, seen, state }) => [
    `${String(number).padStart(2)}. ${state.padEnd(11)}  ${check}`,
    ...field("expected", expected, width),
    ...field("seen", seen, width),
    ...(change === undefined ? [] : field("change", change, width)),
  ]);
  const total = `${simulated ? "SIMULATED: " : ""}${String(findings.length - differing - missing)} as expected, ${String(differing)} differ, ${String(missing)} not shown`;
  return [...blocks, "", total, `saved in ${file}`, ""].join("\n");
}

function field(name: string, text: string, width: number): readonly string[] {
  const [first = "", ...rest] = wrapText(oneLine(text), width - FIELD_INDENT);
  const indent = " ".repeat(FIELD_INDENT);
  return [
    `    ${`${name}:`.padEnd(FIELD_INDENT - 4)}${first}`,
    ...rest.map((line) => indent + line),
  ];
}
