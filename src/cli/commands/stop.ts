import { runFolder } from "../../journal/state-folder.ts";
import { runStatus } from "../../run-state/status.ts";
import { sleepReal } from "../../support/clock.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { simulatedStateDir } from "../../run/locations.ts";
import { runClock } from "../../run/run-clock.ts";
import { locationsOf } from "../requests.ts";
import { allRuns } from "./status.ts";

const LOOK_EVERY_MS = 300;

/** Asks the sweep's own process, as Ctrl-C would, and waits until everything is proved gone. */
export const stop: Handler = async (call) => {
  const { options, parameters, terminal } = call;
  const { stateDir: state } = locationsOf(call);
  const wanted = parameters[0];
  const alive = (await allRuns(state)).filter(
    ({ run, pid }) => pid !== null && (wanted === undefined || run === wanted),
  );
  const [target, another] = alive;
  if (target === undefined || target.pid === null) {
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
      hint: `name one: ${alive.map(({ run }) => run).join(", ")}`,
    });
  }
  ask(target.pid);
  terminal.stderr.write(
    `asked run ${target.run} (process ${String(target.pid)}) to stop; waiting for proof that its VMs are gone\n`,
  );
  const folder = runFolder(target.simulated ? simulatedStateDir(state) : state, target.run);
  for (;;) {
    const now = runStatus(folder, await runClock(folder));
    if (now.state !== "running" && now.state !== "stopping") {
      const { run, state: end, spent_usd: spent } = now;
      terminal.stdout.write(
        options["json"] === true
          ? `${JSON.stringify({ run, state: end, spent_usd: spent }, undefined, 2)}\n`
          : `${run} ${end}: $${spent.toFixed(2)} spent\n`,
      );
      return now.state === "unresolved" ? ExitCode.stillBilled : ExitCode.done;
    }
    await sleepReal(LOOK_EVERY_MS, terminal.signals.stop);
  }
};

function ask(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    // It has ended since we looked; what it left shows below.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
