import type { Terminal } from "./terminal.ts";
import { rawStream } from "./output/printable-streams.ts";
import { Interrupted } from "../support/interrupts.ts";

/** What a prompt is given; what it asks goes to stderr, as all that is no result. */
export interface AskContext {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

/** Whether somebody can be asked. */
export function canAsk({ stdin, stderr }: Terminal): boolean {
  return stdin.isTTY && stderr.isTTY;
}

/**
 * Asks one question on the terminal.
 * @throws Interrupted when who was asked has left: Ctrl-C, Ctrl-D, a signal, a terminal that is gone.
 */
export async function withPrompt<T>(
  { stdin, stderr, signals }: Terminal,
  question: (context: AskContext) => Promise<T>,
): Promise<T> {
  const left = new AbortController();
  const leave = (): void => {
    left.abort();
  };
  // A prompt whose reader was closed is never settled; that it was is seen by the input, which then pauses.
  for (const event of LEAVING) stdin.on(event, leave);
  const setRawMode = stdin.setRawMode.bind(stdin);
  stdin.setRawMode = (mode) => {
    try {
      return setRawMode(mode);
    } catch {
      // A terminal that is gone cannot be set back.
      return stdin;
    }
  };
  try {
    const signal = AbortSignal.any([signals.stop, left.signal]);
    return await question({ input: stdin, output: rawStream(stderr), signal });
  } catch (error) {
    signals.stop.throwIfAborted();
    // The prompt takes Ctrl-C from the terminal itself, so that no signal comes.
    if (error instanceof Error && error.name === "ExitPromptError") throw new Interrupted("SIGINT");
    if (left.signal.aborted) throw new Interrupted("the end of the input");
    throw error;
  } finally {
    for (const event of LEAVING) stdin.off(event, leave);
    stdin.setRawMode = setRawMode;
  }
}

const LEAVING = ["pause", "end", "error"] as const;
