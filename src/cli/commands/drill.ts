import { ExitCode } from "../../support/errors.ts";
import type { CommandCall, Handler } from "../command.ts";
import { DRILL_PLAN, runDrillCase } from "../../drill/drill-case.ts";
import type { DrillCase, DrillResult } from "../../drill/drill-case.ts";
import { DRILL_PACE, settleDrillWorld } from "../../drill/drill-world.ts";
import type { Finding } from "../../drill/live-findings.ts";
import { startSimulatedWorld } from "../../simulator/client/simulated-world.ts";
import { printRun } from "../output/print-run.ts";
import { runContext } from "../output/run-reporter.ts";
import { runRequest } from "../requests.ts";

/** Every way in which the API fails a client, at the facts around which VMs are lost, with and without a guard. */
const CASES: readonly DrillCase[] = [
  { point: "create.sent", when: "after", guard: "alive", fault: "no fault" },
  { point: "create.unknown", when: "before", guard: "killed", fault: "works a minute late" },
  { point: "create.unknown", when: "after", guard: "alive", fault: "reply lost after it worked" },
  { point: "create.unknown", when: "before", guard: "alive", fault: "answered 408" },
  { point: "create.acknowledged", when: "before", guard: "killed", fault: "no fault" },
  { point: "boot.running", when: "after", guard: "alive", fault: "answered 429 with odd headers" },
  {
    point: "machine.ready",
    when: "after",
    guard: "killed",
    fault: "answered 502 with a page of HTML",
  },
  { point: "test.finished", when: "after", guard: "alive", fault: "answered busy" },
  { point: "pass.finished", when: "after", guard: "alive", fault: "reply lost after it worked" },
  { point: "destroy.sent", when: "before", guard: "killed", fault: "lists are behind" },
  { point: "destroy.sent", when: "after", guard: "alive", fault: "lost on its way" },
  { point: "rental.gone", when: "before", guard: "killed", fault: "lists are behind" },
];

export const drill: Handler = async (call) => {
  const { options, terminal } = call;
  if (options["live"] === true) return drillLive(call);
  const json = options["json"] === true;
  const stop = terminal.signals.stop;
  const results: DrillResult[] = [];
  if (!json) {
    terminal.stdout.write(
      `${String(CASES.length)} times the program is killed (SIGKILL) in the middle of a sweep on a simulated cloud\n`,
    );
  }
  const world = await settleDrillWorld(
    await startSimulatedWorld({ ...DRILL_PACE, env: terminal.env }),
  );
  try {
    for (const one of CASES) {
      const result = await runDrillCase(one, { plan: DRILL_PLAN }, world, stop);
      results.push(result);
      if (!json) terminal.stdout.write(tell(result, results.length));
    }
  } finally {
    await world.close();
  }
  const sum = (pick: (result: DrillResult) => number): number =>
    results.reduce((total, result) => total + pick(result), 0);
  const leaked = sum((result) => result.leaked);
  if (json) terminal.stdout.write(`${JSON.stringify({ leaked, results }, undefined, 2)}\n`);
  else {
    const invoice = sum((result) => result.invoiceUsd).toFixed(2);
    const cap = sum((result) => result.capUsd).toFixed(2);
    terminal.stdout.write(`${String(leaked)} leaked, invoice $${invoice} <= cap $${cap}\n`);
  }
  if (leaked > 0) return ExitCode.stillBilled;
  const held = results.every(({ broken, reached }) => reached && broken.length === 0);
  return held ? ExitCode.done : ExitCode.bug;
};

/** Stdout is for the findings. */
async function drillLive(call: CommandCall): Promise<ExitCode> {
  const { options, terminal } = call;
  const { liveDrill } = await import("../../drill/live-drill.ts");
  const onStderr = {
    ...call,
    options: { ...options, json: false },
    terminal: { ...terminal, stdout: terminal.stderr },
  };
  const drill = await liveDrill(runRequest(call), runContext(onStderr, { json: false }));
  const { findings, outcome, simulated } = drill;
  const code = printRun(outcome, onStderr);
  if (findings === undefined) return code;
  terminal.stdout.write(
    options["json"] === true
      ? `${JSON.stringify({ simulated, findings }, undefined, 2)}\n`
      : findings.map(findingText).join(""),
  );
  return code;
}

function findingText({ item, what, state, detail }: Finding): string {
  const lines = [`${String(item).padStart(2)}. ${state.padEnd(11)} ${what}`];
  if (detail !== "") lines.push(`    ${" ".repeat(12)}${detail}`);
  return `${lines.join("\n")}\n`;
}

function tell(result: DrillResult, index: number): string {
  const { drill: one, broken, endedBy, invoiceUsd, ledgerUsd, reached, seconds, vms } = result;
  const guard = one.guard === "killed" ? ", and its guard with it" : "";
  const who = endedBy === "guard" ? "the guard" : "maider-sweep recover";
  const problems = [...(reached ? [] : ["the run did not come to this point"]), ...broken];
  const end = problems.length === 0 ? "nothing left" : `BROKEN: ${problems.join("; ")}`;
  const api = one.fault === "no fault" ? "the API works" : `API: ${one.fault}`;
  return [
    `${String(index).padStart(2)}. ${api}; killed ${one.when} ${one.point}${guard}`,
    `    ${who} took over: ${String(vms)} VM created, ${end} after ${seconds.toFixed(1)} s; invoice $${invoiceUsd.toFixed(2)}, ledger $${ledgerUsd.toFixed(2)}`,
    "",
  ].join("\n");
}
