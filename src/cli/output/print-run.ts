import { incompleteLines } from "../../report/failures.ts";
import { sweepSummary } from "../../report/sweep-summary.ts";
import type { RunSummary } from "../../run/close-run.ts";
import { remainingText } from "../../run/handle-repeated-interrupts.ts";
import type { RunOutcome } from "../../run/start-run.ts";
import { ExitCode } from "../../support/errors.ts";
import { shellWord } from "../../support/shell-word.ts";
import { oneLine } from "../../support/terminal-text.ts";
import { locationFlags, locationsOf, type SharedCall } from "../requests.ts";
import type { Terminal } from "../terminal.ts";
import { tableStyle } from "./table-style.ts";

/** The call of a verb that rents. */
type RentingCall = SharedCall & {
  readonly options: { readonly details?: true; readonly json?: boolean };
  readonly terminal: Terminal;
};

/** Says what became of a run. @throws what ended it early, where its exit code does not say it */
export function printRun(outcome: RunOutcome, call: RentingCall): ExitCode {
  const { stderr } = call.terminal;
  if (outcome.kind === "ended") return printSummary(outcome.summary, call);
  if (outcome.kind === "detached") return printDetached(outcome.started, call);
  if (outcome.message !== undefined) stderr.write(`${outcome.message.trimEnd()}\n`);
  return outcome.exitCode;
}

function printSummary(summary: RunSummary, { options, terminal }: RentingCall): ExitCode {
  const { databaseFile, error, exitCode, folder, ledger, nowMs, state } = summary;
  for (const problem of summary.problems) terminal.stderr.write(`warning: ${problem}\n`);
  if (options.json === true && exitCode === ExitCode.incomplete)
    for (const line of incompleteLines(state))
      terminal.stderr.write(`not measured: ${oneLine(line)}\n`);
  if (options.json !== true && !summary.held) {
    const where = locationFlags(options);
    const details = options.details === true;
    const facts = { state, ledger, nowMs, database: databaseFile, where, folder, details };
    terminal.stdout.write(sweepSummary(facts, tableStyle(terminal)));
  }
  if (exitCode === ExitCode.stillBilled) {
    const text = remainingText(summary);
    if (text !== undefined) terminal.stderr.write(`${text}\n`);
  }
  if (error !== undefined) throw error;
  return exitCode;
}

function printDetached(
  { pid, run }: { readonly run: string; readonly pid: number },
  call: RentingCall,
): ExitCode {
  const { options, terminal } = call;
  if (options.json === true) {
    terminal.stdout.write(`${JSON.stringify({ run, pid })}\n`);
    return ExitCode.done;
  }
  const { stateDir } = locationsOf(call);
  const where = options.stateDir === undefined ? "" : ` --state-dir ${shellWord(stateDir)}`;
  const follow = [["status"], ["logs", "--follow"], ["stop"]].map(
    ([verb = "", ...flags]) => `  maider-sweep ${[verb, run, ...flags].join(" ")}${where}`,
  );
  terminal.stdout.write(
    [`run ${run} continues in the background, as process ${String(pid)}`, ...follow, ""].join("\n"),
  );
  return ExitCode.done;
}
