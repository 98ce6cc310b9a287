import { explainCloudError } from "../../cloud/account-check.ts";
import { CloudError } from "../../cloud/cloud.ts";
import { deleteClientKey } from "../../journal/client-key.ts";
import { openJournal, readJournal } from "../../journal/journal-file.ts";
import { foldRun } from "../../run-state/fold-run.ts";
import { foldLedger } from "../../run-state/ledger.ts";
import { takeOwnership } from "../../lock/owner-lock.ts";
import { runFolder } from "../../journal/state-folder.ts";
import { isoUtc } from "../../support/clock.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { formatUsd } from "../../support/money.ts";
import { createRedactor } from "../../support/redact.ts";
import { recoverRun } from "../../teardown/recover-run.ts";
import type { CommandCall, Handler } from "../command.ts";
import { openCloudTarget, type CloudTarget } from "../../run/cloud-target.ts";
import { reportGone } from "../../guard/heartbeat.ts";
import { endedWorldTarget } from "../../run/gone-world.ts";
import { heldVms, type HeldVm } from "../../sessions/held-vms.ts";
import { stateDir } from "../../run/paths.ts";
import { listSessions, sessionPlaces } from "../../sessions/find-session.ts";
import { removeSession } from "../../sessions/write-session.ts";
import { isLoopback } from "../../support/loopback.ts";
import { connectCloud } from "../../run/wire.ts";
import { isWorldGone } from "../../simulator/client/control-client.ts";

/** Lets go of a VM that is up: destroys it, proves it gone, closes its books and takes its session away. */
export const down: Handler = async (call) => {
  const { options, parameters, terminal } = call;
  const state = stateDir(options, terminal.env);
  const vm = choose(await heldVms(state), parameters[0]);
  const code = await letGo(vm, call);
  if (code === ExitCode.done) {
    const ours = listSessions(sessionPlaces(terminal.env, state)).filter(
      ({ rental }) => rental?.run === vm.run,
    );
    for (const session of ours) removeSession(session, process.cwd());
  }
  return code;
};

function choose(held: readonly HeldVm[], wanted: string | undefined): HeldVm {
  const [first, another] = held;
  const found =
    wanted === undefined ? first : held.find(({ name, run }) => [name, run].includes(wanted));
  if (found === undefined) {
    throw new SweepError(wanted === undefined ? "nothing is up" : `${wanted} is not up`, {
      exitCode: ExitCode.usage,
      hint:
        first === undefined
          ? "maider-sweep status shows what was"
          : `up is: ${held.map(({ name }) => name).join(", ")}`,
    });
  }
  if (wanted === undefined && another !== undefined) {
    throw new SweepError("several VMs are up", {
      exitCode: ExitCode.usage,
      hint: `name one: ${held.map(({ name }) => name).join(", ")}`,
    });
  }
  return found;
}

async function letGo(vm: HeldVm, call: CommandCall): Promise<ExitCode> {
  const { options, terminal } = call;
  const { name, run, stateDir: home } = vm;
  const { target, gone } = await farSideOf(vm, call);
  const folder = runFolder(home, run);
  const ownership = await takeOwnership(folder, { run, role: "down", since: isoUtc(Date.now()) });
  try {
    const journal = await openJournal({
      folder,
      run,
      ownership,
      clock: target.clock,
      redact: createRedactor(target.token === undefined ? [] : [target.token]),
    });
    terminal.stderr.write(`destroying ${vm.rental.label}; waiting for proof that it is gone\n`);
    try {
      const { outcome } = await recoverRun({
        folder,
        cloud: connectCloud(target),
        ownership,
        journal,
        clock: target.clock,
        by: "down",
        pid: process.pid,
        spareHeld: false,
        reason: "down",
        worldGone: () => Promise.resolve(gone),
        patienceMs: ((options["destroyPatience"] as number | undefined) ?? 10) * 60_000,
        onAlarm: ({ label, message }) => terminal.stderr.write(`warning: ${label}: ${message}\n`),
      });
      if (outcome !== "unproved") {
        deleteClientKey(folder);
        await reportGone(folder);
      }
      const ledger = foldLedger(foldRun(readJournal(folder).events), target.clock.now());
      if (outcome === "unproved") {
        terminal.stderr.write(
          `not proved gone: ${vm.rental.label}; its guard goes on destroying it\n`,
        );
        return ExitCode.stillBilled;
      }
      const cost = `${vm.simulated ? "SIMULATED " : ""}${formatUsd(ledger.spentMicroUsd)}`;
      terminal.stdout.write(
        options["json"] === true
          ? `${JSON.stringify({ session: name, run, outcome, spent_usd: ledger.spentMicroUsd / 1e6 }, undefined, 2)}\n`
          : `${name} is down and proved gone: ${cost} in all\n`,
      );
      return ExitCode.done;
    } finally {
      await journal.close();
    }
  } catch (error) {
    throw error instanceof CloudError ? explainCloudError(error, `let go of ${name}`) : error;
  } finally {
    await ownership.release();
  }
}

/** Where the VM lives: what its journal says, whatever the options of `up` were. */
async function farSideOf(
  { state }: HeldVm,
  call: CommandCall,
): Promise<{ readonly target: CloudTarget; readonly gone: boolean }> {
  const { options, terminal } = call;
  const { api_url: apiUrl = "", world = null } = state.opened ?? {};
  if (world === null) {
    const where = isLoopback(apiUrl) ? { apiUrl, ...options } : options;
    return { target: await openCloudTarget(where, terminal, true), gone: false };
  }
  if (await isWorldGone(apiUrl, world)) return { target: endedWorldTarget(call), gone: true };
  return {
    target: await openCloudTarget({ ...options, simulate: apiUrl }, terminal, true),
    gone: false,
  };
}
