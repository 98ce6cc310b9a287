import { randomBytes, randomInt, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deleteClientKey, saveClientKey, readClientKey } from "../journal/client-key.ts";
import type { ClientKey } from "../journal/client-key.ts";
import type { Journal } from "../journal/events.ts";
import { foldRun, isUnsettled, openRentals } from "../run-state/fold-run.ts";
import { FencedError } from "../journal/journal-errors.ts";
import { openJournal, readJournal } from "../journal/journal-file.ts";
import { foldLedger } from "../run-state/ledger.ts";
import { sweepSummary } from "../report/sweep-summary.ts";
import { ExitCode } from "../support/errors.ts";
import { packageVersion } from "../support/package-version.ts";
import { createRedactor } from "../support/redact.ts";
import { exitCodeOf } from "../sweep/exit-code.ts";
import type { SweepPorts } from "../sweep/ports.ts";
import { runSweep } from "../sweep/run-sweep.ts";
import { crashHookFor } from "./crash-hook-for.ts";
import type { CloudTarget } from "./cloud-target.ts";
import { createGuardKeeper } from "../guard/guard-keeper.ts";
import { createMonthLedger } from "./month-ledger.ts";
import type { Execution } from "./execution.ts";
import { heartbeatUrl, pendingHeartbeat, startHeartbeat } from "../guard/heartbeat.ts";
import { compareWithAccount } from "./account-snapshot.ts";
import { openingFact } from "./opening-fact.ts";
import { startPublisher } from "./publisher.ts";
import { locationFlags } from "../cli/location-flags.ts";
import { onRepeatedInterrupt, printUndestroyed } from "../cli/repeated-signals.ts";
import { chooseView } from "../cli/output/choose-view.ts";
import { reclaimVms } from "./reclaim-vms.ts";
import { isWorldGone } from "../simulator/client/control-client.ts";
import { connectCloud, connectMachines, measure } from "./wire.ts";

/** From the first line of the journal to the summary; the lock is held and everything was checked. */
export async function executeSweep(execution: Execution): Promise<ExitCode> {
  const { run, folder, target, call, ownership, leaveHeld } = execution;
  const { options, terminal } = call;
  const hidden = [target.token, execution.hubToken].filter((secret) => secret !== undefined);
  const redact = createRedactor(hidden);
  const heartbeatTo = heartbeatUrl(options, terminal.env, target) ?? pendingHeartbeat(folder);
  const guard = createGuardKeeper({
    run,
    target,
    ownership,
    holdMinutes: (options["hold"] as number | undefined) ?? 0,
    heartbeat: heartbeatTo,
    env: terminal.env,
  });
  const journal = await openJournal({
    folder,
    run,
    ownership,
    clock: target.clock,
    redact,
    crash: crashHookFor(target, terminal.env),
  });
  const view = await chooseView({
    json: options["json"] === true && !leaveHeld,
    quiet: options["quiet"] === true,
    ci: (terminal.env["CI"] ?? "") !== "",
    colour: terminal.colour,
    stdout: terminal.stdout,
    stderr: terminal.stderr,
    now: () => target.clock.now(),
    expectedMinutes: execution.estimate.wallMinutes,
    before: execution.resumed,
  });
  const openVms = (): number => openRentals(foldRun(journal.events())).length;
  const heartbeat = startHeartbeat(heartbeatTo, folder, openVms, target.clock);
  const ticking = setInterval(() => view.tick?.(target.clock.now()), VIEW_EVERY_MS);
  const showing = journal.subscribe((event) => {
    view.show(event);
  });
  const alarms = new Set<string>();
  const publisher = startPublisher(target.databaseFile);
  const ports: SweepPorts = {
    cloud: connectCloud(target),
    machines: connectMachines(target),
    measure,
    journal,
    ownership,
    clock: target.clock,
    guard: { ensure: () => guard.ensure(journal) },
    month: createMonthLedger(target.stateDir, run, target.clock),
    publish: (record) => {
      publisher.publish(record);
    },
    saveLog: async (name, text) => {
      await writeFile(join(folder, name), redact(text), { mode: 0o600 });
      return name;
    },
    writePrivateFile: async (name, text) => {
      await writeFile(join(folder, name), text, { mode: 0o600 });
      return join(folder, name);
    },
    nonce: randomName,
    uuid: randomUUID,
    timeZoneOffsetMinutes: (epochMs) => new Date(epochMs).getTimezoneOffset(),
    onAlarm: ({ label, message }) => {
      alarms.add(`${label}: ${message}`);
    },
    password: () => `Aa1!${randomBytes(24).toString("base64url")}`,
  };
  const hurry = new AbortController();
  terminal.signals.onRepeat(() => {
    // Without a guard the rest would be left to nobody.
    if (guard.pid() !== undefined) hurry.abort();
  });
  const destroyPatienceMs = ((options["destroyPatience"] as number | undefined) ?? 10) * 60_000;
  onRepeatedInterrupt(terminal, () => ({ state: foldRun(journal.events()), guard: guard.pid() }));
  let crashed: unknown;
  let compareLedgers = (): Promise<void> => Promise.resolve();
  const ownStop = new AbortController();
  terminal.signals.onUncaught((error) => {
    crashed ??= error;
    ownStop.abort(error);
  });
  const stop = AbortSignal.any([terminal.signals.stop, ownStop.signal]);
  try {
    await journal.append(openingFact(execution));
    await guard.ensure(journal);
    await call.onBegun?.(run, folder);
    const reusable =
      execution.resumed === undefined ? [] : await reclaimVms(execution, ports, destroyPatienceMs);
    if (reusable !== undefined) {
      compareLedgers = await compareWithAccount(ports);
      await runSweep(
        {
          estimate: execution.estimate,
          clientKey: await clientKeyOf(folder, run, ports),
          reusable,
        },
        ports,
        {
          run,
          cap: execution.cap,
          monthlyCap: execution.plan.budget.monthlyCap,
          maxCostPerEntry: execution.plan.budget.maxCostPerEntry,
          concurrency: execution.plan.concurrency,
          world: target.simulated?.world,
          sshPort: target.sshPort,
          sshCidrs: execution.sshCidrs,
          destroyPatienceMs,
          keepOnFailureMs: ((options["keepOnFailure"] as number | undefined) ?? 0) * 60_000,
          leaveHeld,
          streamInterval: execution.streamInterval,
          allowRemoteCode: execution.plan.allowRemoteCode,
          hfToken: execution.hubToken,
          version: packageVersion(),
          timeZoneOffsetMinutes: new Date().getTimezoneOffset(),
          hurry: hurry.signal,
        },
        stop,
      );
    }
  } catch (error) {
    crashed ??= error;
  }
  // What a newer owner has done since stands on the disk only.
  const fenced = crashed instanceof FencedError;
  if (!fenced) await endWithItsWorld(target, journal);
  const state = foldRun(fenced ? readJournal(folder).events : journal.events());
  const code = exitCodeOf(state, {
    interrupted: terminal.signals.stop.aborted,
    crashed,
    mayHold: leaveHeld,
  });
  const held = leaveHeld && code === ExitCode.done;
  // In a hurry the guard does the rest: it removes the firewall, publishes, and closes the run.
  const problems = await publisher.close(hurry.signal);
  if (code !== ExitCode.stillBilled && !(hurry.signal.aborted && isUnsettled(state))) {
    const end = terminal.signals.stop.aborted
      ? "interrupted"
      : crashed === undefined
        ? "finished"
        : "crashed";
    if (!held) {
      if (crashed === undefined && !hurry.signal.aborted)
        await compareLedgers().catch(() => undefined);
      await journal
        .append({ type: "run.closed", exit_code: code, state: end })
        .catch(() => undefined);
      deleteClientKey(folder);
    }
    // It stays for what is held.
    await guard.release();
  }
  await heartbeat.end(!isUnsettled(state));
  showing();
  clearInterval(ticking);
  await view.close();
  await journal.close();
  for (const problem of [...alarms, ...problems]) terminal.stderr.write(`warning: ${problem}\n`);
  if (options["json"] !== true && !held) {
    terminal.stdout.write(
      sweepSummary(
        {
          state: foldRun(journal.events()),
          ledger: foldLedger(foldRun(journal.events()), target.clock.now()),
          nowMs: target.clock.now(),
          database: target.databaseFile,
          where: locationFlags(options),
          folder,
        },
        {
          width: terminal.stdout.isTTY ? terminal.stdout.columns : Infinity,
          colour: terminal.colour && terminal.stdout.isTTY,
        },
      ),
    );
  }
  if (code === ExitCode.stillBilled) printUndestroyed(state, guard.pid(), terminal.stderr);
  const ownEnd = code === ExitCode.stillBilled || code === ExitCode.interrupted;
  if (crashed !== undefined && !ownEnd) throw crashed;
  return code;
}

const VIEW_EVERY_MS = 100;

/** A simulated world that is gone has taken everything with it: nothing in it is billed any more. */
async function endWithItsWorld(
  { apiUrl, simulated }: CloudTarget,
  journal: Journal,
): Promise<void> {
  if (simulated === undefined || !isUnsettled(foldRun(journal.events()))) return;
  if (await isWorldGone(apiUrl, simulated.world))
    await journal.append({ type: "world.ended", world: simulated.world }).catch(() => undefined);
}

async function clientKeyOf(folder: string, run: string, ports: SweepPorts): Promise<ClientKey> {
  const kept = readClientKey(folder);
  if (kept !== undefined) return kept;
  const key = ports.machines.newKey(`maider-sweep-${run}`);
  await saveClientKey(folder, key);
  return key;
}

function randomName(length: number): string {
  const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from({ length }, () => letters.charAt(randomInt(letters.length))).join("");
}
