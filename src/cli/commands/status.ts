import { join } from "node:path";
import { runStatus } from "../../journal/status.ts";
import type { RunStatus } from "../../journal/status.ts";
import { listRuns, runFolder } from "../../journal/state-folder.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { renderTable, UNLIMITED } from "../../report/table.ts";
import type { Handler } from "../command.ts";
import { simulatedStateDir, stateDir } from "../paths.ts";
import { runClock } from "../run-clock.ts";

/** A run with where it ran. */
export interface LocatedRun extends RunStatus {
  readonly simulated: boolean;
}

export const status: Handler = async ({ options, parameters, terminal }) => {
  const state = stateDir(options, terminal.env);
  const wanted = parameters[0];
  const runs = (await allRuns(state)).filter(({ run }) => wanted === undefined || run === wanted);
  if (wanted !== undefined && runs.length === 0) {
    throw new SweepError(`there is no run ${wanted}`, {
      exitCode: ExitCode.usage,
      hint: "maider-sweep status lists them",
    });
  }
  if (options["json"] === true) {
    terminal.stdout.write(`${JSON.stringify({ runs }, undefined, 2)}\n`);
    return ExitCode.done;
  }
  if (runs.length === 0) {
    terminal.stdout.write(`no runs yet in ${join(state, "runs")}\n`);
    return ExitCode.done;
  }
  terminal.stdout.write(`${runs.map(describe).join("\n\n")}\n`);
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
        return { ...runStatus(path, await runClock(path)), simulated };
      }),
    ),
  );
  return (await Promise.all(runs)).flat();
}

function describe(run: LocatedRun): string {
  const left = run.cap_usd - run.spent_usd - run.reserved_usd;
  const money = `$${run.spent_usd.toFixed(2)} spent, $${run.reserved_usd.toFixed(2)} reserved, $${left.toFixed(2)} left of $${run.cap_usd.toFixed(2)}`;
  const head = `${run.run}  ${run.state}${run.simulated ? "  SIMULATED" : ""}  ${money}`;
  const processes =
    run.pid === null
      ? []
      : [`  process ${String(run.pid)}, guard ${String(run.guard_pid ?? "none")}`];
  if (run.rentals.length === 0) return [head, ...processes].join("\n");
  const table = renderTable(
    ["VM", "GPU type", "Region", "Stage", "Since"].map((title) => ({ head: title })),
    run.rentals.map(({ label, gpu, region, stage, since }) => [label, gpu, region, stage, since]),
    UNLIMITED,
  );
  return [head, ...processes, table].join("\n");
}
