import type { DrillResult } from "../../drill/drill-case.ts";
import type { Finding } from "../../drill/live-findings.ts";

/** One death of the program, and what came of it. */
export function drillCaseText(result: DrillResult, number: number): string {
  const { drill, broken, endedBy, invoiceUsd, ledgerUsd, reached, seconds, vms } = result;
  const guard = drill.guard === "killed" ? ", and its guard with it" : "";
  const who = endedBy === "guard" ? "the guard" : "maider-sweep recover";
  const problems = [...(reached ? [] : ["the run did not come to this point"]), ...broken];
  const end = problems.length === 0 ? "nothing left" : `BROKEN: ${problems.join("; ")}`;
  const api = drill.fault === "no fault" ? "the API works" : `API: ${drill.fault}`;
  return [
    `${String(number).padStart(2)}. ${api}; killed ${drill.when} ${drill.point}${guard}`,
    `    ${who} took over: ${String(vms)} VM created, ${end} after ${seconds.toFixed(1)} s; invoice $${invoiceUsd.toFixed(2)}, ledger $${ledgerUsd.toFixed(2)}`,
    "",
  ].join("\n");
}

export function drillTotalsText(results: readonly DrillResult[]): string {
  const sum = (pick: (result: DrillResult) => number): number =>
    results.reduce((total, result) => total + pick(result), 0);
  const leaked = sum((result) => result.leaked);
  const invoice = sum((result) => result.invoiceUsd).toFixed(2);
  const cap = sum((result) => result.capUsd).toFixed(2);
  return `${String(leaked)} leaked, invoice $${invoice} <= cap $${cap}\n`;
}

/** What a live drill has shown of the live checklist. */
export function findingsText(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ item, what, state, detail }) => [
    `${String(item).padStart(2)}. ${state.padEnd(11)} ${what}`,
    ...(detail === "" ? [] : [`    ${" ".repeat(12)}${detail}`]),
  ]);
  return lines.map((line) => `${line}\n`).join("");
}
