import type { DrillResult } from "../../src/drill/drill-case.ts";

interface Row {
  readonly name: string;
  readonly kills: number;
  readonly held: number;
  readonly vms: number;
  readonly leaked: number;
  readonly invoiceUsd: number;
  readonly ledgerUsd: number;
  readonly capUsd: number;
  /** Real seconds from a kill until the run was closed. */
  readonly medianSeconds: number;
  readonly longestSeconds: number;
}

export interface MatrixReport {
  readonly total: Row;
  readonly byFault: readonly Row[];
  readonly byGuard: readonly Row[];
  readonly byPoint: readonly Row[];
  readonly broken: readonly DrillResult[];
}

/** `broken` has the cases whose event was not reached, or in which a promise was broken. */
export function reportOn(results: readonly DrillResult[]): MatrixReport {
  const by = (nameOf: (result: DrillResult) => string): readonly Row[] =>
    [...Map.groupBy(results, nameOf)].map(([name, group]) => row(name, group));
  return {
    total: row("all", results),
    byFault: by(({ drill }) => drill.fault),
    byGuard: by(({ drill }) => `guard ${drill.guard}`),
    byPoint: by(({ drill }) => drill.point),
    broken: results.filter((result) => !holds(result)),
  };
}

/** Markdown, for the page about safety. */
export function asMarkdown(report: MatrixReport): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const table = (title: string, rows: readonly Row[]): readonly string[] => [
    line([
      title,
      "kills",
      "promises kept",
      "VMs",
      "leaked",
      "invoice",
      "ledger",
      "seconds to the end: median (longest)",
    ]),
    line(["---", "---:", "---:", "---:", "---:", "---:", "---:", "---:"]),
    ...rows.map((one) =>
      line([
        one.name,
        String(one.kills),
        String(one.held),
        String(one.vms),
        String(one.leaked),
        `$${one.invoiceUsd.toFixed(2)}`,
        `$${one.ledgerUsd.toFixed(2)}`,
        `${one.medianSeconds.toFixed(1)} (${one.longestSeconds.toFixed(1)})`,
      ]),
    ),
    "",
  ];
  return [
    ...table("", [report.total, ...report.byGuard]),
    ...table("API", report.byFault),
    ...table("event", report.byPoint),
  ].join("\n");
}

function holds({ reached, broken }: DrillResult): boolean {
  return reached && broken.length === 0;
}

function row(name: string, results: readonly DrillResult[]): Row {
  const sum = (pick: (result: DrillResult) => number): number =>
    results.reduce((total, result) => total + pick(result), 0);
  const seconds = results.map((result) => result.seconds).toSorted((a, b) => a - b);
  return {
    name,
    kills: results.length,
    held: results.filter(holds).length,
    vms: sum((result) => result.vms),
    leaked: sum((result) => result.leaked),
    invoiceUsd: sum((result) => result.invoiceUsd),
    ledgerUsd: sum((result) => result.ledgerUsd),
    capUsd: sum((result) => result.capUsd),
    medianSeconds: seconds[Math.floor(seconds.length / 2)] ?? 0,
    longestSeconds: seconds.at(-1) ?? 0,
  };
}
