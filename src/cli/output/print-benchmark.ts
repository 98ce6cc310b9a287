import { benchmarkFile, hasFigures, type MeasuredPass } from "../../evidence/benchmark-file.ts";
import { benchmarkText } from "../../report/benchmark-text.ts";
import {
  benchmarkServer,
  type BenchmarkJob,
  type BenchmarkResult,
} from "../../run/benchmark-server.ts";
import { ExitCode } from "../../support/errors.ts";
import { Interrupted } from "../../support/interrupts.ts";
import type { Terminal } from "../terminal.ts";
import { writeOutput } from "./output-file.ts";
import { tableStyle } from "./table-style.ts";

/** Where the figures go. */
export interface BenchmarkOutput {
  /** The file for the JSON. */
  readonly output: string;
  /** Shows the JSON on stdout too, instead of a table. */
  readonly json: boolean;
  readonly quiet: boolean;
}

/**
 * Measures a server and prints what it has measured. What was measured before an interruption, or before the server
 * stopped answering, is printed and written too, marked, and so are void passes.
 * @throws SweepError when the server cannot be measured, the file or the database cannot be written.
 */
export async function benchmarkAndPrint(
  job: BenchmarkJob,
  output: BenchmarkOutput,
  terminal: Terminal,
): Promise<ExitCode> {
  const note = (text: string): void => {
    if (!output.quiet) terminal.stderr.write(`${text}\n`);
  };
  try {
    const result = await benchmarkServer(job, note, terminal.signals.stop);
    const { error, incomplete, passes, voided } = result;
    if (passes.length + voided.length > 0) await print(job, result, output, terminal);
    if (error !== undefined) throw error;
    return incomplete === undefined && passes.every(isSound) ? ExitCode.done : ExitCode.incomplete;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    terminal.stderr.write(`${error.message}\n`);
    return ExitCode.interrupted;
  }
}

function isSound({ record }: MeasuredPass): boolean {
  return record.summary.verdict?.state === "sound";
}

async function print(
  job: BenchmarkJob,
  { incomplete, passes, voided, saved }: BenchmarkResult,
  output: BenchmarkOutput,
  terminal: Terminal,
): Promise<void> {
  const file = benchmarkFile({
    passes,
    voided,
    session: job.session,
    categoryFilter: job.categoryFilter,
    apiBase: job.apiBase,
    priced: job.rented !== undefined,
    saved,
    incomplete,
  });
  const json = `${JSON.stringify(file, undefined, 2)}\n`;
  terminal.stdout.write(output.json ? json : benchmarkText(file, tableStyle(terminal)));
  if (![...passes, ...voided].some(({ record }) => hasFigures(record))) {
    terminal.stderr.write(`nothing was measured: ${output.output} is not written\n`);
    return;
  }
  await writeOutput(output.output, [json], terminal);
  if (output.quiet) return;
  terminal.stderr.write(`results written to ${output.output}\n`);
  const why = whyNotSaved(job);
  if (saved.length > 0)
    terminal.stderr.write(
      `saved to the benchmark database (ID: ${saved.map((id) => id.slice(0, 8)).join(", ")})\n`,
    );
  else if (why !== undefined)
    terminal.stderr.write(`not saved to the benchmark database: ${why}\n`);
}

/** Undefined when it was not asked for, or no pass was sound. */
function whyNotSaved({ database, mode, rented }: BenchmarkJob): string | undefined {
  if (database === undefined) return undefined;
  if (rented === undefined) return "give --gpu-type and --hourly-cost";
  return mode === "fixed" ? undefined : `it holds no ${mode} figures`;
}
