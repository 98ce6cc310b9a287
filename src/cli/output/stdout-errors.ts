import { ExitCode } from "../../support/errors.ts";

/** A pipe that was closed, and a terminal that went away: who read has left, and nothing is amiss. */
const NOBODY_READS: ReadonlySet<string | undefined> = new Set(["EPIPE", "EIO"]);
const WHY: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on its device",
  EDQUOT: "the quota of its device is used up",
  EFBIG: "the file would be too large",
};

/**
 * What becomes of output that cannot be written. The work goes on without it, a clean-up above all; at the end one
 * line on stderr says so, and an exit code of 0 becomes 2. A reader that has left is no error.
 */
export function watchStdoutErrors(target: NodeJS.Process): void {
  let lost: NodeJS.ErrnoException | undefined;
  target.stderr.on("error", () => undefined);
  target.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (!NOBODY_READS.has(error.code)) lost ??= error;
  });
  target.on("exit", (code) => {
    if (lost === undefined) return;
    const why = WHY[lost.code ?? ""] ?? lost.message;
    target.stderr.write(
      `error: the output is not whole: ${why}; write it where there is room (nothing else was changed by this)\n`,
    );
    if (code === ExitCode.done) target.exitCode = ExitCode.usage;
  });
}
