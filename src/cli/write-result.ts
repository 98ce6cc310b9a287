import { once } from "node:events";
import { errorText, ExitCode, SweepError } from "../support/errors.ts";
import { writeFileAtomically } from "../support/safe-file.ts";
import type { CommandCall } from "./command.ts";

/**
 * Writes a result piece by piece to `--output`, or to stdout when that is left out.
 * @param told what it is, for the line that says where it went. @throws SweepError exit 2
 */
export async function writeResult(
  { options, terminal }: CommandCall,
  pieces: Iterable<string>,
  told: string,
): Promise<void> {
  const file = options["output"] as string | undefined;
  if (file === undefined) return writeAll(terminal.stdout, pieces);
  try {
    await writeFileAtomically(file, pieces, { mode: 0o644 });
  } catch (error) {
    throw new SweepError(`${file} could not be written`, {
      exitCode: ExitCode.usage,
      reason: errorText(error),
      hint: "name a file in a folder that exists and has room",
    });
  }
  terminal.stderr.write(`${told} written to ${file}\n`);
}

/** No faster than it is read; ends when nobody reads any more, as `head` does not. */
async function writeAll(stream: NodeJS.WriteStream, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) {
    if (stream.destroyed) return;
    if (stream.write(piece)) continue;
    try {
      await once(stream, "drain");
    } catch {
      return;
    }
  }
}
