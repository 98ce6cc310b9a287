import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { foldRun } from "../journal/fold-run.ts";
import { openJournal, readJournal } from "../journal/journal-file.ts";
import { takeOwnership } from "../journal/owner-lock.ts";
import { listRuns, runFolder } from "../journal/state-folder.ts";
import type { Configuration, CoveragePlan } from "../plan/coverage-plan.ts";
import type { RunState } from "../journal/run-state.ts";
import { isoUtc } from "../support/clock.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { createRedactor } from "../support/redact.ts";
import { recoverRun } from "../teardown/recover-run.ts";
import type { Recovery } from "../teardown/recover-run.ts";
import type { CommandCall } from "./command.ts";
import { executeSweep, passesDoneIn } from "./execute-sweep.ts";
import { openFarSide, withSpeed } from "./far-side.ts";
import { planFromText } from "./load-plan.ts";
import { simulatedStateDir, stateDir } from "./paths.ts";
import { prepare } from "./prepare.ts";
import { chooseSpeed, hubTokenFor, readAccount, sshCidr } from "./run-plan.ts";
import { isWorldGone } from "./world-gone.ts";
import { connectCloud } from "./wire.ts";

/**
 * Goes on with a run that was cut off: what it left is destroyed and settled under its own ledger, then what has no
 * record yet is rented anew within what is left of its cap. No pass is counted twice.
 */
export async function resumeRun(run: string, call: CommandCall): Promise<ExitCode> {
  const { options, terminal } = call;
  const stop = terminal.signals.stop;
  const state = stateDir(options, terminal.env);
  const simulated = listRuns(simulatedStateDir(state)).includes(run);
  const folder = runFolder(simulated ? simulatedStateDir(state) : state, run);
  const before = foldRun(readJournal(folder).events);
  if (before.opened === undefined) {
    throw new SweepError(`there is no run ${run} to resume`, {
      exitCode: ExitCode.usage,
      hint: "maider-sweep status lists them",
    });
  }
  const plan = planFromText(await readFile(join(folder, "plan.yaml"), "utf8"), `<${run}>`, options);
  const { api_url: apiUrl, world, cap_micro_usd: cap } = before.opened;
  const worldGone = world !== null && (await isWorldGone(apiUrl, world));
  const where = world === null ? options : { ...options, simulate: worldGone ? true : apiUrl };
  let far = await openFarSide(where, terminal, true);
  try {
    const account = await readAccount(far, stop);
    const ownership = await takeOwnership(far.stateDir, {
      run,
      role: "resume",
      since: isoUtc(Date.now()),
    });
    try {
      const journal = await openJournal({
        folder,
        run,
        ownership,
        clock: far.clock,
        redact: createRedactor(far.token === undefined ? [] : [far.token]),
      });
      let recovery: Recovery;
      try {
        recovery = await recoverRun({
          folder,
          cloud: connectCloud(far),
          ownership,
          journal,
          clock: far.clock,
          by: "resume",
          pid: process.pid,
          spareHeld: false,
          worldGone: () => Promise.resolve(worldGone),
        });
      } finally {
        await journal.close();
      }
      if (recovery.outcome === "unproved") return ExitCode.stillBilled;
      const after = foldRun(readJournal(folder).events);
      const wanted = stillToDo(plan, after);
      const prepared = await prepare(wanted, far, options, stop);
      const speed = chooseSpeed(prepared.estimate, wanted, far, options);
      far = await withSpeed(far, speed.speed, options);
      return await executeSweep({
        run,
        folder,
        plan: prepared.plan,
        estimate: prepared.estimate,
        cap: cap,
        far,
        account,
        ownership,
        sshCidrs: [await sshCidr(wanted, far, stop)],
        hubToken: await hubTokenFor(far, terminal.env),
        streamInterval: far.simulated === undefined ? undefined : speed.streamInterval,
        call,
        resumed: after,
      });
    } finally {
      await ownership.release();
    }
  } finally {
    far.simulated?.release();
  }
}

/** The plan without the configurations that have all their passes. */
function stillToDo(plan: CoveragePlan, state: RunState): CoveragePlan {
  const done = passesDoneIn(state);
  const isOpen = (configuration: Configuration): boolean =>
    done(configuration) < configuration.passes;
  const entries = plan.entries
    .map((entry) => ({ ...entry, configurations: entry.configurations.filter(isOpen) }))
    .filter(({ configurations }) => configurations.length > 0);
  return { ...plan, entries };
}
