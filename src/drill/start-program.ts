import { fileURLToPath } from "node:url";
import { execa } from "execa";

/** A child process that runs maider-sweep. */
export interface ProgramRun {
  readonly pid: number;
  hasEnded(): boolean;
  readonly ended: Promise<{ readonly killed: boolean; readonly exitCode: number | undefined }>;
}

const PROGRAM = fileURLToPath(new URL("../../bin/maider-sweep.js", import.meta.url));
const TIMEOUT_MS = 60_000;

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
    timeout: TIMEOUT_MS,
  });
  let hasEnded = false;
  const ended = child.then(({ signal: killSignal, exitCode, timedOut }) => {
    hasEnded = true;
    return { killed: killSignal === "SIGKILL" && !timedOut, exitCode };
  });
  return { pid: child.pid ?? 0, hasEnded: () => hasEnded, ended };
}
