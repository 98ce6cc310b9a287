import type { Terminal } from "./terminal.ts";
import { rawStream } from "./output/printable-streams.ts";
import { Interrupted } from "../support/interrupts.ts";

/** The streams of a prompt: it asks on stderr, like everything that is not a result. */
export interface AskContext {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

/** Whether there is a terminal to ask on. */
export function canAsk({ stdin, stderr }: Terminal): boolean {
  return stdin.isTTY && stderr.isTTY;
}

/**
 * Asks one question on the terminal.
 * @throws Interrupted on Ctrl-C, Ctrl-D, a signal, or a terminal that is gone.
 */
export async function withPrompt<T>(
  { stdin, stderr, signals }: Terminal,
  question: (context: AskContext) => Promise<T>,
): Promise<T> {
  const left = new AbortController();
  const leave = (): void => {
    left.abort();
  };
  // A prompt whose input was closed never settles; the input pauses when that happens.
  for (const event of LEAVING) stdin.on(event, leave);
  const setRawMode = stdin.setRawMode.bind(stdin);
  stdin.setRawMode = (mode) => {
    try {
      return setRawMode(mode);
    } catch {
      // A terminal that is gone cannot be reset.
      return stdin;
    }
  };
  try {
    const signal = AbortSignal.any([signals.stop, left.signal]);
    return await question({ input: stdin, output: rawStream(stderr), signal });
  } catch (error) {
    signals.stop.throwIfAborted();
    // The prompt reads Ctrl-C from the terminal itself, so there is no signal.
    if (error instanceof Error && error.name === "ExitPromptError") throw new Interrupted("SIGINT");
    if (left.signal.aborted) throw new Interrupted("the end of the input");
    throw error;
  } finally {
    for (const event of LEAVING) stdin.off(event, leave);
    stdin.setRawMode = setRawMode;
  }
}

const LEAVING = ["pause", "end", "error"] as const;
