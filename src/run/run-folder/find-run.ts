import { statSync } from "node:fs";
import { listRuns, runFolder } from "../../journal/state-folder.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { simulatedStateDir } from "../locations.ts";

/** Where a run of a state folder is. */
export interface FoundRun {
  readonly run: string;
  readonly folder: string;
  readonly simulated: boolean;
}

const SHOWN = 5;

/**
 * Finds a run by its id, or by the first characters of it. `last`, like `undefined`, is the newest run.
 * @param only limits the search to real or to simulated runs; undefined means both
 * @throws SweepError exit 2 when there is no such run, or more than one
 */
export function findRun(
  stateDir: string,
  wanted: string | undefined,
  only?: "real" | "simulated",
): FoundRun {
  const runs = runsOf(stateDir).filter(
    ({ simulated }) => only === undefined || simulated === (only === "simulated"),
  );
  const newest = runs.at(-1);
  const isNewest = wanted === undefined || wanted === "last";
  const matching = isNewest ? runs.slice(-1) : runs.filter(({ run }) => run.startsWith(wanted));
  const [found, another] = matching;
  if (found !== undefined && another === undefined) return found;
  if (newest === undefined) {
    const kind = only === "simulated" ? "simulated runs" : "runs";
    throw new SweepError(`there are no ${kind} in ${stateDir}`, {
      exitCode: ExitCode.usage,
      hint: "maider-sweep run PLAN --simulate starts one without an account",
    });
  }
  const ids = (list: readonly FoundRun[]): string =>
    list
      .slice(-SHOWN)
      .map(({ run }) => run)
      .join(", ");
  if (found !== undefined) {
    throw new SweepError(`${String(matching.length)} runs begin with ${String(wanted)}`, {
      exitCode: ExitCode.usage,
      hint: `name one of ${ids(matching)}`,
    });
  }
  throw new SweepError(`there is no run ${String(wanted)}`, {
    exitCode: ExitCode.usage,
    reason: `the newest are ${ids(runs)}`,
    hint: "maider-sweep status lists all runs",
  });
}

/** Real and simulated runs, oldest first. */
function runsOf(stateDir: string): readonly FoundRun[] {
  const runs = [
    { home: stateDir, simulated: false },
    { home: simulatedStateDir(stateDir), simulated: true },
  ].flatMap(({ home, simulated }) =>
    listRuns(home).map((run) => {
      const folder = runFolder(home, run);
      return { run, folder, simulated, createdMs: statSync(folder).birthtimeMs };
    }),
  );
  return runs
    .toSorted((a, b) => a.createdMs - b.createdMs)
    .map(({ run, folder, simulated }) => ({ run, folder, simulated }));
}
