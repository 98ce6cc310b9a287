import { foldRun, isUnsettled } from "../run-state/fold-run.ts";
import type { SweepEvent } from "../journal/events.ts";
import { readJournal } from "../journal/journal-file.ts";
import { takeOwnership } from "../lock/owner-lock.ts";
import { listRuns, lockHome, runFolder } from "../journal/state-folder.ts";
import type { Configuration, CoveragePlan } from "../plan/coverage-plan.ts";
import { isoUtc } from "../support/clock.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import type { CommandCall } from "../cli/command.ts";
import { detach } from "./detach.ts";
import { executeSweep } from "./execute-sweep.ts";
import { openCloudTarget, withSpeed } from "./cloud-target.ts";
import { heartbeatUrl } from "../guard/heartbeat.ts";
import { readSavedPlan } from "./saved-plan.ts";
import { simulatedStateDir, stateDir } from "./paths.ts";
import { prepare } from "./prepare.ts";
import { chooseSpeed, hubTokenFor, readAccount, sshCidr } from "./run-plan.ts";
import { recoverBefore } from "./recover-open-runs.ts";
import { readSettings } from "./run-settings.ts";
import { recordedPasses } from "../sweep/recorded-passes.ts";
import { isWorldGone } from "../simulator/client/control-client.ts";

/**
 * Goes on with a run that was cut off, at the first pass that has no record: on the same VM where it still lives,
 * else on a new one within what is left of the run's cap. No pass is counted twice.
 */
export async function resumeRun(run: string, call: CommandCall): Promise<ExitCode> {
  const { options, terminal } = call;
  const stop = terminal.signals.stop;
  const state = stateDir(options, terminal.env);
  const simulated = listRuns(simulatedStateDir(state)).includes(run);
  const folder = runFolder(simulated ? simulatedStateDir(state) : state, run);
  const { damaged, events } = readJournal(folder);
  const before = foldRun(events);
  if (before.opened === undefined) {
    throw new SweepError(`there is no run ${run} to resume`, {
      exitCode: ExitCode.usage,
      hint: "maider-sweep status lists them",
    });
  }
  if (lockHome(simulated ? simulatedStateDir(state) : state, run) === folder) {
    throw new SweepError(`the run ${run} is a VM that was left up, not a sweep`, {
      exitCode: ExitCode.usage,
      hint: "maider-sweep list shows it, maider-sweep down lets it go",
    });
  }
  if (options["maxCost"] !== undefined) {
    throw new SweepError("--max-cost does not go with --resume", {
      exitCode: ExitCode.usage,
      reason: "a run keeps the cap that it began with",
      hint: "leave it out; or begin a new run with --skip-fresh",
    });
  }
  const settings = await readSettings(folder);
  const asBefore = { ...settings.options, ...options };
  const plan = stillToDo(await readSavedPlan(folder, run, asBefore, terminal), events);
  if (plan.entries.length === 0 && before.closed !== undefined && !isUnsettled(before)) {
    terminal.stderr.write(`nothing is left to do in run ${run}: every pass has its record\n`);
    return ExitCode.done;
  }
  const { api_url: apiUrl, world, cap_micro_usd: cap } = before.opened;
  const worldGone = world !== null && (await isWorldGone(apiUrl, world));
  const where = world === null ? options : { ...options, simulate: worldGone ? true : apiUrl };
  let target = await openCloudTarget(where, terminal, true);
  try {
    heartbeatUrl(options, terminal.env, target);
    const account = await readAccount(target, stop);
    if (options["detach"] === true) return await detach(call, target);
    const ownership = await takeOwnership(target.stateDir, {
      run,
      role: "resume",
      since: isoUtc(Date.now()),
    });
    try {
      await recoverBefore(target, ownership, call, damaged ? undefined : run);
      if (damaged) throw damagedRun(run, folder);
      const prepared = await prepare(plan, target, asBefore, stop, {
        run,
        nowMs: Date.parse(before.opened.ts),
      });
      const speed = chooseSpeed(prepared.estimate, plan, target, options);
      target = await withSpeed(target, speed.speed, options);
      const interval = worldGone ? speed.streamInterval : settings.streamInterval;
      return await executeSweep({
        run,
        folder,
        plan: prepared.plan,
        estimate: prepared.estimate,
        cap,
        target,
        account,
        ownership,
        sshCidrs: [await sshCidr(plan, target, stop)],
        hubToken: await hubTokenFor(target, terminal.env),
        streamInterval: interval,
        call,
        resumed: before,
        worldGone,
        leaveHeld: false,
      });
    } finally {
      await ownership.release();
    }
  } finally {
    target.simulated?.release();
  }
}

/** The plan without the configurations that have all their passes. */
function stillToDo(plan: CoveragePlan, events: readonly SweepEvent[]): CoveragePlan {
  const isOpen = (configuration: Configuration): boolean =>
    recordedPasses(events, configuration) < configuration.passes;
  const entries = plan.entries
    .map((entry) => ({ ...entry, configurations: entry.configurations.filter(isOpen) }))
    .filter(({ configurations }) => configurations.length > 0);
  return { ...plan, entries };
}

/** Nobody knows what its lost lines have spent: nothing new is created for it. */
function damagedRun(run: string, folder: string): SweepError {
  return new SweepError(`the run ${run} cannot be gone on with`, {
    exitCode: ExitCode.incomplete,
    reason: `its journal in ${folder} is damaged; what it names is destroyed`,
    hint: "run the plan again with --skip-fresh: what was measured is not measured again",
  });
}
