import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../bin/maider-sweep.js", import.meta.url));
const TERMINAL = fileURLToPath(new URL("at-a-terminal.py", import.meta.url));

export const KEYS = {
  enter: "\r",
  down: "\u001b[B",
  space: " ",
  all: "a",
  interrupt: "\u0003",
  end: "\u0004",
};
/** Instead of keys: the terminal is gone. */
export const GONE = "gone";

export interface Shown {
  readonly code: number | null;
  /** All that stood on the screen at any time, without colours and cursor movements. */
  readonly shown: string;
  /** What it was to show and did not. */
  readonly missed?: string;
}

/** The program as a person at a terminal uses it: each step waits for a text and then types. */
export async function atATerminal(
  argv: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string>>;
    readonly cwd: string;
    readonly columns?: number;
    readonly steps: readonly (readonly [shows: string, types: string])[];
  },
): Promise<Shown> {
  const { env, cwd, columns = 80, steps } = options;
  const child = spawn("python3", [TERMINAL], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(
    JSON.stringify({
      argv: [process.execPath, PROGRAM, ...argv],
      env: { TERM: "xterm-256color", ...env },
      cwd,
      columns,
      lines: 40,
      steps,
    }),
  );
  let told = "";
  child.stdout.on("data", (bytes: Buffer) => (told += bytes.toString()));
  await once(child, "close");
  return JSON.parse(told) as Shown;
}
