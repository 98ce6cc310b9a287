/** What the process says to its caller; see the README's table. */
export const ExitCode = {
  done: 0,
  bug: 1,
  usage: 2,
  budget: 3,
  provider: 4,
  incomplete: 5,
  stillBilled: 6,
  locked: 7,
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** An error that is meant for the user: what failed (`message`), why (`reason`), what to do (`hint`). */
export class SweepError extends Error {
  readonly exitCode: ExitCode;
  readonly reason: string | undefined;
  readonly hint: string | undefined;

  constructor(
    message: string,
    options: {
      exitCode: ExitCode;
      reason?: string | undefined;
      hint?: string | undefined;
      cause?: unknown;
    },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "SweepError";
    this.exitCode = options.exitCode;
    this.reason = options.reason;
    this.hint = options.hint;
  }
}

/** The text of anything that was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
