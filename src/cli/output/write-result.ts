import type { SharedCall } from "../requests.ts";
import type { Terminal } from "../terminal.ts";
import { checkOutput, writeOutput, writeStream } from "./output-file.ts";

/**
 * Writes a result piece by piece to `--output`, or to stdout when that is left out.
 * @param what the result is, for the line that says where it went. @throws SweepError exit 2
 */
export async function writeResult(
  call: SharedCall & {
    readonly options: { readonly output?: string };
    readonly terminal: Terminal;
  },
  pieces: Iterable<string>,
  what: string,
): Promise<void> {
  const { options, terminal } = call;
  const { output: file } = options;
  if (file === undefined) return writeStream(terminal.stdout, pieces);
  await checkOutput(file, call);
  await writeOutput(file, pieces, terminal);
  terminal.stderr.write(`${what} written to ${file}\n`);
}
