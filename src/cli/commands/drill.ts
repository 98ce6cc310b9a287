import { ExitCode } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { runDrillCase } from "../drill/drill-case.ts";
import type { DrillCase, DrillResult } from "../drill/drill-case.ts";

/** Each hole through which tools of this kind have lost paid VMs, and each half of the money's way. */
const CASES: readonly DrillCase[] = [
  { point: "create.sent", when: "after", guard: "alive", fault: "no fault" },
  {
    point: "create.unknown",
    when: "after",
    guard: "alive",
    fault: "create's reply lost after it worked",
  },
  { point: "create.sent", when: "after", guard: "killed", fault: "create commits a minute late" },
  { point: "create.acknowledged", when: "before", guard: "killed", fault: "no fault" },
  { point: "boot.running", when: "after", guard: "alive", fault: "429 with odd headers" },
  {
    point: "machine.ready",
    when: "after",
    guard: "killed",
    fault: "an HTML 502 for every second look",
  },
  { point: "test.finished", when: "after", guard: "alive", fault: "delete answered busy" },
  {
    point: "pass.finished",
    when: "after",
    guard: "alive",
    fault: "delete's reply lost after it worked",
  },
  { point: "destroy.sent", when: "before", guard: "killed", fault: "a list that is behind" },
  { point: "rental.gone", when: "before", guard: "alive", fault: "no fault" },
];

export const drill: Handler = async ({ options, terminal }) => {
  const json = options["json"] === true;
  const results: DrillResult[] = [];
  for (const one of CASES) {
    const result = await runDrillCase(one, terminal.signals.stop);
    results.push(result);
    if (json) continue;
    const end = result.broken.length === 0 ? "held" : `BROKEN: ${result.broken.join("; ")}`;
    terminal.stdout.write(
      `killed ${one.when} ${one.point}, guard ${one.guard}, ${one.fault}: ${end}; invoice $${result.invoiceUsd.toFixed(2)}, ledger $${result.ledgerUsd.toFixed(2)}\n`,
    );
  }
  const sum = (pick: (result: (typeof results)[number]) => number): number =>
    results.reduce((total, result) => total + pick(result), 0);
  const leaked = sum((result) => result.leaked);
  const broken = results.some((result) => result.broken.length > 0);
  if (json) terminal.stdout.write(`${JSON.stringify({ leaked, results }, undefined, 2)}\n`);
  else {
    const invoice = sum((result) => result.invoiceUsd).toFixed(2);
    const cap = sum((result) => result.capUsd).toFixed(2);
    terminal.stdout.write(`${String(leaked)} leaked, invoice $${invoice} <= cap $${cap}\n`);
  }
  if (leaked > 0) return ExitCode.stillBilled;
  return broken ? ExitCode.bug : ExitCode.done;
};
