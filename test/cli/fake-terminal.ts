import { PassThrough } from "node:stream";
import { runCommandLine } from "../../src/cli/main.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

export interface Spoken {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line in this process, with no terminal and an environment of its own. */
export async function speak(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stop: AbortSignal = new AbortController().signal,
): Promise<Spoken> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const told = { stdout: "", stderr: "" };
  out.on("data", (data: Buffer) => (told.stdout += data.toString()));
  err.on("data", (data: Buffer) => (told.stderr += data.toString()));
  const code = await runCommandLine(argv, fakeTerminal(env, out, err, stop));
  await new Promise((resolve) => setImmediate(resolve));
  return { code, ...told };
}

/** No terminal at all, with an environment of its own. */
export function fakeTerminal(
  env: Readonly<Record<string, string>> = {},
  stdout = new PassThrough(),
  stderr = new PassThrough(),
  stop: AbortSignal = new AbortController().signal,
): Terminal {
  return {
    env: { ...env },
    stdin: new PassThrough() as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    colour: false,
    signals: {
      stop,
      count: () => 0,
      onRepeat: () => () => undefined,
      onContinue: () => () => undefined,
      onUncaught: () => () => undefined,
    },
  };
}
