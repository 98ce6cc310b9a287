import { join } from "node:path";
import { foldRun } from "../../run-state/fold-run.ts";
import { readJournal } from "../../journal/journal-file.ts";
import { runStatus } from "../../run-state/status.ts";
import { listRuns, runFolder } from "../../journal/state-folder.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { diskUsage, diskUsageText } from "../output/disk-usage.ts";
import { simulatedStateDir } from "../../run/locations.ts";
import { runText, type LocatedRun } from "../output/status-text.ts";
import { runClock } from "../../run/run-clock.ts";
import { locationsOf } from "../requests.ts";

export const status: Handler = async (call) => {
  const { options, parameters, terminal } = call;
  const { stateDir: state } = locationsOf(call);
  const wanted = parameters[0];
  const runs = (await allRuns(state)).filter(({ run }) => wanted === undefined || run === wanted);
  if (wanted !== undefined && runs.length === 0) {
    throw new SweepError(`there is no run ${wanted}`, {
      exitCode: ExitCode.usage,
      hint: "maider-sweep status lists them",
    });
  }
  if (options["json"] === true) {
    const told = runs.map(({ journal: _journal, nowMs: _now, ...run }) => run);
    const bytes = diskUsage(state);
    terminal.stdout.write(`${JSON.stringify({ runs: told, bytes }, undefined, 2)}\n`);
    return ExitCode.done;
  }
  if (runs.length === 0) {
    terminal.stdout.write(`no runs yet in ${join(state, "runs")}\n`);
    return ExitCode.done;
  }
  const width = terminal.stdout.isTTY ? terminal.stdout.columns : Infinity;
  const texts = runs.map((run) => runText(run, wanted !== undefined, width));
  if (wanted === undefined) texts.push(diskUsageText(diskUsage(state)));
  terminal.stdout.write(`${texts.join("\n\n")}\n`);
  return ExitCode.done;
};

/** Real and simulated runs of a state folder. */
export async function allRuns(state: string): Promise<readonly LocatedRun[]> {
  const located = [
    { folder: state, simulated: false },
    { folder: simulatedStateDir(state), simulated: true },
  ];
  const runs = located.map(async ({ folder, simulated }) =>
    Promise.all(
      listRuns(folder).map(async (run) => {
        const path = runFolder(folder, run);
        const nowMs = await runClock(path);
        const journal = [...foldRun(readJournal(path).events).rentals.values()];
        return { ...runStatus(path, nowMs), simulated, journal, nowMs };
      }),
    ),
  );
  return (await Promise.all(runs)).flat();
}
