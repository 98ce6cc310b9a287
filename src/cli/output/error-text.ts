import { ExitCode, SweepError } from "../../support/errors.ts";
import { Interrupted } from "../../support/interrupts.ts";
import { wrapText } from "../../support/wrap-text.ts";
import { bugReport } from "../signals.ts";

export function exitCodeFor(error: unknown): ExitCode {
  if (error instanceof SweepError) return error.exitCode;
  return error instanceof Interrupted ? ExitCode.interrupted : ExitCode.bug;
}

/**
 * Three short lines: what failed, why, what to do.
 * @param width columns of the terminal; Infinity for a pipe or a file
 */
export function errorText(error: unknown, width: number): string {
  if (error instanceof Interrupted) return `${error.message}\n`;
  if (!(error instanceof SweepError)) return bugReport(error);
  const { hint, message, reason } = error;
  const lines = [
    ...wrapped(`error: ${message}`, width),
    ...(reason === undefined ? [] : wrapped(`  why: ${reason}`, width)),
    ...(hint === undefined ? [] : hintLines(`  try: ${hint}`, width)),
  ];
  return `${lines.join("\n")}\n`;
}

/** One line of JSON: `{"error","reason","hint","exit_code"}`, with null for what is not known. */
export function errorJson(error: unknown): string {
  const exit_code = exitCodeFor(error);
  const facts =
    error instanceof SweepError
      ? { error: error.message, reason: error.reason ?? null, hint: error.hint ?? null }
      : error instanceof Interrupted
        ? { error: error.message, reason: null, hint: null }
        : {
            error: "this is a bug in maider-sweep",
            reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
            hint: "please report it",
          };
  return `${JSON.stringify({ ...facts, exit_code })}\n`;
}

const INDENT = " ".repeat("  why: ".length);

/** Later lines are indented as far as the text after `why:`. */
function wrapped(text: string, width: number): readonly string[] {
  return text
    .split("\n")
    .flatMap((line) =>
      wrapText(line, width - INDENT.length).map((part, index) =>
        index === 0 ? part : INDENT + part,
      ),
    );
}

/** A command is not broken: half of it would run when it is pasted. */
function hintLines(hint: string, width: number): readonly string[] {
  return hint.includes("maider-sweep ") ? [hint] : wrapped(hint, width);
}
