import type { DrillResult } from "../../drill/drill-case.ts";
import type { Finding } from "../../drill/live-findings.ts";

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

/** The findings of a live drill, one for each item of the live checklist. */
export function findingsText(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ item, what, state, detail }) => [
    `${String(item).padStart(2)}. ${state.padEnd(11)} ${what}`,
    ...(detail === "" ? [] : [`    ${" ".repeat(12)}${detail}`]),
  ]);
  return lines.map((line) => `${line}\n`).join("");
}
