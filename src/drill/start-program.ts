import { fileURLToPath } from "node:url";
import { execa } from "execa";

/** The program as a process of its own. */
export interface ProgramRun {
  readonly pid: number;
  hasEnded(): boolean;
  readonly ended: Promise<{ readonly killed: boolean; readonly exitCode: number | undefined }>;
}

const PROGRAM = fileURLToPath(new URL("../../bin/maider-sweep.js", import.meta.url));
const LONGEST_MS = 60_000;

export function startProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): ProgramRun {
  const child = execa(process.execPath, [PROGRAM, ...args], {
    env,
    reject: false,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
    cancelSignal: signal,
    timeout: LONGEST_MS,
  });
  let over = false;
  const ended = child.then(({ signal: by, exitCode, timedOut }) => {
    over = true;
    return { killed: by === "SIGKILL" && !timedOut, exitCode };
  });
  return { pid: child.pid ?? 0, hasEnded: () => over, ended };
}
