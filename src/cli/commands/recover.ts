import { openStateFolder } from "../../journal/state-folder.ts";
import { unfinishedRuns } from "../../run-state/status.ts";
import { isoUtc } from "../../support/clock.ts";
import { ExitCode } from "../../support/errors.ts";
import { lockOrProceed } from "../../teardown/degraded-mode.ts";
import type { CommandCall, Handler } from "../command.ts";
import { openCloudTarget } from "../../run/cloud-target.ts";
import type { CloudTarget } from "../../run/cloud-target.ts";
import { simulatedStateDir, stateDir } from "../../run/paths.ts";
import { endedWorldTarget } from "../../run/gone-world.ts";
import { recoverOpenRuns } from "../../run/recover-open-runs.ts";
import type { RecoveredRun } from "../../run/recover-open-runs.ts";
import { isWorldGone } from "../../simulator/client/control-client.ts";

export const recover: Handler = async (call) => {
  const { options, terminal } = call;
  const done: RecoveredRun[] = [];
  for (const target of await farSides(call)) {
    openStateFolder(target.stateDir);
    const { ownership, locked } = await lockOrProceed(
      target.stateDir,
      { run: "recover", role: "recover", since: isoUtc(Date.now()) },
      (text) => terminal.stderr.write(`warning: ${text}\n`),
    );
    try {
      done.push(...(await recoverOpenRuns(target, ownership, call, { locked })));
    } finally {
      await ownership.release();
    }
  }
  if (options["json"] === true) {
    const runs = done.map(({ run, recovery }) => ({ run, ...recovery }));
    terminal.stdout.write(`${JSON.stringify({ runs }, undefined, 2)}\n`);
  } else if (done.length === 0 && worldless(call).length === 0)
    terminal.stdout.write("nothing to recover: every run is closed\n");
  for (const { run, recovery } of options["json"] === true ? [] : done) {
    const which =
      recovery.unproved.length > 0 ? `; not proved gone: ${recovery.unproved.join(", ")}` : "";
    terminal.stdout.write(`${run}: ${recovery.outcome.replace("_", " ")}${which}\n`);
  }
  for (const run of options["json"] === true ? [] : worldless(call))
    terminal.stdout.write(
      `${run}: left alone, for its journal does not tell its world any more; maider-sweep recover --simulate URL\n`,
    );
  return done.some(({ recovery }) => recovery.outcome === "unproved")
    ? ExitCode.stillBilled
    : ExitCode.done;
};

/** Simulated runs that nothing but a world's own address leads to. */
function worldless({ options, terminal }: CommandCall): readonly string[] {
  return unfinishedRuns(simulatedStateDir(stateDir(options, terminal.env)))
    .filter(({ state }) => state.opened === undefined)
    .map(({ run }) => run);
}

/** The real cloud where a real run is open, and each simulated world that still has a run of ours. */
async function farSides(call: CommandCall): Promise<readonly CloudTarget[]> {
  const { options, terminal } = call;
  if (options["simulate"] !== undefined || options["apiUrl"] !== undefined) {
    return [await openCloudTarget(options, terminal, true)];
  }
  const state = stateDir(options, terminal.env);
  const sides: CloudTarget[] = [];
  if (unfinishedRuns(state).length > 0) sides.push(await openCloudTarget(options, terminal, true));
  const worlds = new Map<string, string | null>();
  for (const { state: run } of unfinishedRuns(simulatedStateDir(state))) {
    if (run.opened !== undefined) worlds.set(run.opened.api_url, run.opened.world);
  }
  for (const [url, world] of worlds) {
    if (world === null || (await isWorldGone(url, world))) continue;
    sides.push(await openCloudTarget({ ...options, simulate: url }, terminal, true));
    worlds.delete(url);
  }
  // What is left lived in worlds that are gone: only their books have to be closed.
  if (worlds.size > 0) sides.push(endedWorldTarget(call));
  return sides;
}
