import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const DRIVER = fileURLToPath(new URL("terminal.py", import.meta.url));
const PROGRAM = fileURLToPath(new URL("../../bin/maider-sweep.js", import.meta.url));

/** The program in a terminal. */
export interface InTerminal {
  output(): string;
  /** Ctrl-C typed, the window closed, or a signal sent. */
  say(what: "int" | "close" | "term" | "kill"): void;
  /** Its exit code, 128 + n for a death by signal n. */
  readonly ended: Promise<number>;
}

export function inTerminal(
  env: Readonly<Record<string, string>>,
  ...argv: readonly string[]
): InTerminal {
  const driver = spawn("python3", [DRIVER, process.execPath, PROGRAM, ...argv], {
    env: { ...env, TERM: "xterm-256color" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  let code = "";
  driver.stdout.on("data", (bytes: Buffer) => (output += bytes.toString()));
  driver.stderr.on("data", (bytes: Buffer) => (code += bytes.toString()));
  // A program that has ended takes no more.
  driver.stdin.on("error", () => undefined);
  return {
    output: () => output,
    say: (what) => void driver.stdin.write(`${what}\n`),
    ended: once(driver, "close").then(() => Number(code)),
  };
}
