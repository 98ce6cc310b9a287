import { runFolder } from "../journal/state-folder.ts";
import { runStatus, type RunStatus } from "../run-state/status.ts";
import { sleepReal } from "../support/clock.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { simulatedStateDir } from "./locations.ts";
import { readRuns } from "./run-folder/read-runs.ts";
import { runClock } from "./run-folder/run-clock.ts";

const POLL_MS = 300;

/**
 * Asks the process of a run to stop, as Ctrl-C would, and waits until its VMs are confirmed deleted.
 * @param wanted the run's id; may be undefined if only one is running
 * @param onAsked called once the process has been asked
 * @throws SweepError exit 2 if there is no such run, or several are running and `wanted` is undefined
 */
export async function stopRun(
  stateDir: string,
  wanted: string | undefined,
  onAsked: (run: string, pid: number) => void,
  signal: AbortSignal,
): Promise<RunStatus> {
  const { run, pid, simulated } = await runningRun(stateDir, wanted);
  askToStop(pid);
  onAsked(run, pid);
  const folder = runFolder(simulated ? simulatedStateDir(stateDir) : stateDir, run);
  for (;;) {
    const now = runStatus(folder, await runClock(folder));
    if (now.state !== "running" && now.state !== "stopping") return now;
    await sleepReal(POLL_MS, signal);
  }
}

async function runningRun(
  stateDir: string,
  wanted: string | undefined,
): Promise<{ readonly run: string; readonly pid: number; readonly simulated: boolean }> {
  const running = (await readRuns(stateDir)).flatMap(({ run, pid, simulated }) =>
    pid === null || (wanted !== undefined && run !== wanted) ? [] : [{ run, pid, simulated }],
  );
  const [found, another] = running;
  if (found === undefined) {
    throw new SweepError(
      wanted === undefined ? "no sweep is running" : `the run ${wanted} is not running`,
      {
        exitCode: ExitCode.usage,
        hint: "maider-sweep status shows what is; maider-sweep recover cleans up after a crash",
      },
    );
  }
  if (another !== undefined) {
    throw new SweepError("several sweeps are running", {
      exitCode: ExitCode.usage,
      hint: `name one: ${running.map(({ run }) => run).join(", ")}`,
    });
  }
  return found;
}

function askToStop(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    // The process has ended since its status was read.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
