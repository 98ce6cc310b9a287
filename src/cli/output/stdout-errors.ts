import { ExitCode } from "../../support/errors.ts";

/** A closed pipe, and a terminal that is gone: nobody reads any more, which is no error. */
const READER_GONE: ReadonlySet<string | undefined> = new Set(["EPIPE", "EIO"]);
const WHY: Readonly<Record<string, string>> = {
  ENOSPC: "no space left on device",
  EDQUOT: "disk quota exceeded",
  EFBIG: "the file would be too large",
};

/**
 * Handles output that cannot be written. The work continues without it, above all any clean-up; at the end one line
 * on stderr reports it, and an exit code of 0 becomes 2.
 */
export function watchStdoutErrors(target: NodeJS.Process): void {
  let lost: NodeJS.ErrnoException | undefined;
  target.stderr.on("error", () => undefined);
  target.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (!READER_GONE.has(error.code)) lost ??= error;
  });
  target.on("exit", (code) => {
    if (lost === undefined) return;
    const why = WHY[lost.code ?? ""] ?? lost.message;
    target.stderr.write(
      `error: output truncated: ${why}; write it where there is room (nothing else was affected)\n`,
    );
    if (code === ExitCode.done) target.exitCode = ExitCode.usage;
  });
}
