import { ExitCode, SweepError } from "../support/errors.ts";
import { Interrupted } from "../support/interrupts.ts";
import type { Terminal } from "./terminal.ts";
import { printableTerminal } from "./output/printable-streams.ts";
import { watchStdoutErrors } from "./output/stdout-errors.ts";
import { runProgram } from "./program.ts";
import { bugReport, installSignals } from "./signals.ts";

/** Runs one command line; sets `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<void> {
  const signals = installSignals(process);
  watchStdoutErrors(process);
  const terminal: Terminal = {
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    colour: wantsColour(process.env, process.stderr, argv),
    signals,
  };
  process.exitCode = await runCommandLine(argv, terminal);
}

/** @returns the exit code; never throws. */
export async function runCommandLine(argv: readonly string[], given: Terminal): Promise<ExitCode> {
  const terminal = printableTerminal(given);
  try {
    return await runProgram(argv, terminal);
  } catch (error) {
    return report(error, terminal);
  }
}

/** Three short lines: what failed, why, what to do. */
function report(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof SweepError) {
    const lines = [`error: ${error.message}`];
    if (error.reason !== undefined) lines.push(`  why: ${error.reason}`);
    if (error.hint !== undefined) lines.push(`  try: ${error.hint}`);
    terminal.stderr.write(`${lines.join("\n")}\n`);
    return error.exitCode;
  }
  if (error instanceof Interrupted) {
    terminal.stderr.write(`${error.message}\n`);
    return ExitCode.interrupted;
  }
  terminal.stderr.write(bugReport(error));
  return ExitCode.bug;
}

function wantsColour(
  env: NodeJS.ProcessEnv,
  stream: NodeJS.WriteStream,
  argv: readonly string[],
): boolean {
  if (argv.includes("--no-color") || (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb")
    return false;
  return stream.isTTY;
}
