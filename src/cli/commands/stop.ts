import { runFolder } from "../../journal/state-folder.ts";
import { runStatus } from "../../journal/status.ts";
import { sleepReal } from "../../support/clock.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { simulatedStateDir, stateDir } from "../paths.ts";
import { runClock } from "../run-clock.ts";
import { allRuns } from "./status.ts";

const LOOK_EVERY_MS = 300;

/** Asks the sweep's own process, as Ctrl-C would, and waits until everything is proved gone. */
export const stop: Handler = async ({ options, parameters, terminal }) => {
  const state = stateDir(options, terminal.env);
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
  process.kill(target.pid, "SIGTERM");
  terminal.stderr.write(
    `asked run ${target.run} (process ${String(target.pid)}) to stop; waiting for proof that its VMs are gone\n`,
  );
  const folder = runFolder(target.simulated ? simulatedStateDir(state) : state, target.run);
  for (;;) {
    const now = runStatus(folder, await runClock(folder));
    if (now.state !== "running" && now.state !== "stopping") {
      terminal.stdout.write(`${target.run} ${now.state}: $${now.spent_usd.toFixed(2)} spent\n`);
      return now.state === "unresolved" ? ExitCode.stillBilled : ExitCode.done;
    }
    await sleepReal(LOOK_EVERY_MS, terminal.signals.stop);
  }
};
