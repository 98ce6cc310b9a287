import type { ExitCode } from "../support/errors.ts";
import type { Terminal } from "./terminal.ts";
import { errorJson, errorText, exitCodeFor } from "./output/error-text.ts";
import { printableTerminal } from "./output/printable-streams.ts";
import { columnsOf } from "./output/table-style.ts";
import { watchStdoutErrors } from "./output/stdout-errors.ts";
import { runProgram } from "./program.ts";
import { installSignals } from "./signals.ts";

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
    const { stderr } = terminal;
    const width = stderr.isTTY ? columnsOf(stderr) : Infinity;
    stderr.write(wantsJson(argv) ? errorJson(error) : errorText(error, width));
    return exitCodeFor(error);
  }
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end === -1 ? undefined : end).includes("--json");
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
