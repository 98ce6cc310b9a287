/** The exit codes, which the README documents. */
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

/** An error to show to the user: what failed (`message`), why (`reason`), and what to do (`hint`). */
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

/** The message of a thrown value of any type. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
