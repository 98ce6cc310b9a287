import type { CommandCall } from "../command.ts";
import { checkOutput, writeOutput, writeStream } from "./output-file.ts";

/**
 * Writes a result piece by piece to `--output`, or to stdout when that is left out.
 * @param told what it is, for the line that says where it went. @throws SweepError exit 2
 */
export async function writeResult(
  call: CommandCall,
  pieces: Iterable<string>,
  told: string,
): Promise<void> {
  const { options, terminal } = call;
  const file = options["output"] as string | undefined;
  if (file === undefined) return writeStream(terminal.stdout, pieces);
  await checkOutput(file, call);
  await writeOutput(file, pieces, terminal);
  terminal.stderr.write(`${told} written to ${file}\n`);
}
