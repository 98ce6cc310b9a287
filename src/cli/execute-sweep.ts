import { randomBytes, randomInt, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Account } from "../cloud/cloud.ts";
import type { Estimate } from "../estimate/estimate.ts";
import type { EventOf, Fact } from "../journal/events.ts";
import { foldRun, isUnsettled, openRentals } from "../journal/fold-run.ts";
import { openJournal } from "../journal/journal-file.ts";
import { foldLedger } from "../journal/ledger.ts";
import type { HeldOwnership } from "../journal/owner-lock.ts";
import type { RunState } from "../journal/run-state.ts";
import type { Configuration, CoveragePlan } from "../plan/coverage-plan.ts";
import { sweepSummary } from "../report/sweep-summary.ts";
import { ExitCode } from "../support/errors.ts";
import { createRedactor } from "../support/redact.ts";
import { packageVersion } from "../support/package-version.ts";
import { exitCodeOf } from "../sweep/exit-code.ts";
import type { SweepPorts } from "../sweep/ports.ts";
import { runSweep } from "../sweep/run-sweep.ts";
import type { CommandCall } from "./command.ts";
import { crashHookFor } from "./crash-hook-for.ts";
import type { FarSide } from "./far-side.ts";
import { createGuardKeeper } from "./guard-keeper.ts";
import { monthSpent } from "./month-spent.ts";
import { startPublisher } from "./publisher.ts";
import { chooseView } from "./progress/choose-view.ts";
import { connectCloud, connectMachines, measure } from "./wire.ts";

export interface Execution {
  readonly run: string;
  readonly folder: string;
  readonly plan: CoveragePlan;
  readonly estimate: Estimate;
  readonly cap: number;
  readonly far: FarSide;
  readonly account: Account;
  readonly ownership: HeldOwnership;
  readonly sshCidrs: readonly string[];
  readonly hubToken: string | undefined;
  readonly streamInterval: number | undefined;
  readonly call: CommandCall;
  /** What an earlier owner of this run has left; undefined for a new run. */
  readonly resumed: RunState | undefined;
}

/** From the first line of the journal to the summary; the lock is held and everything was checked. */
export async function executeSweep(execution: Execution): Promise<ExitCode> {
  const { run, folder, far, call, ownership } = execution;
  const { options, terminal } = call;
  const hidden = [far.token, execution.hubToken].filter((secret) => secret !== undefined);
  const redact = createRedactor(hidden);
  const guard = createGuardKeeper({
    run,
    far,
    ownership,
    holdMinutes: (options["hold"] as number | undefined) ?? 0,
    env: terminal.env,
  });
  const journal = await openJournal({
    folder,
    run,
    ownership,
    clock: far.clock,
    redact,
    crash: crashHookFor(far, terminal.env),
  });
  const view = await chooseView({
    json: options["json"] === true,
    quiet: options["quiet"] === true,
    ci: (terminal.env["CI"] ?? "") !== "",
    colour: terminal.colour,
    stdout: terminal.stdout,
    stderr: terminal.stderr,
    now: () => far.clock.now(),
    expectedMinutes: execution.estimate.wallMinutes,
    before: execution.resumed,
  });
  const ticking = setInterval(() => view.tick?.(far.clock.now()), VIEW_EVERY_MS);
  const showing = journal.subscribe((event) => {
    view.show(event);
  });
  const alarms = new Set<string>();
  const publisher = startPublisher(far.databaseFile);
  const ports: SweepPorts = {
    cloud: connectCloud(far),
    machines: connectMachines(far),
    measure,
    journal,
    ownership,
    clock: far.clock,
    guard: { ensure: () => guard.ensure(journal) },
    publish: (record) => {
      publisher.publish(record);
    },
    keep: async (name, text) => {
      await writeFile(join(folder, name), redact(text), { mode: 0o600 });
      return name;
    },
    lend: async (name, text) => {
      await writeFile(join(folder, name), text, { mode: 0o600 });
      return join(folder, name);
    },
    nonce: randomName,
    uuid: randomUUID,
    onAlarm: ({ label, message }) => {
      alarms.add(`${label}: ${message}`);
    },
    password: () => `Aa1!${randomBytes(24).toString("base64url")}`,
  };
  terminal.signals.onRepeat((count) => {
    const now = foldRun(journal.events());
    tellOpenVms(now, guard.pid(), terminal.stderr);
    // The third time: the pipe to the guard closes with us, and it destroys what is left.
    if (count >= 3) process.exit(isUnsettled(now) ? ExitCode.stillBilled : ExitCode.interrupted);
  });
  let crashed: unknown;
  try {
    await journal.append(openingFact(execution));
    await guard.ensure(journal);
    const done = passesDoneIn(execution.resumed);
    await runSweep(
      execution.estimate,
      done,
      ports,
      {
        run,
        cap: execution.cap,
        monthlyCap: execution.plan.budget.monthlyCap,
        maxCostPerEntry: execution.plan.budget.maxCostPerEntry,
        concurrency: execution.plan.concurrency,
        world: far.simulated?.world,
        sshPort: far.sshPort,
        sshCidrs: execution.sshCidrs,
        destroyPatienceMs: ((options["destroyPatience"] as number | undefined) ?? 10) * 60_000,
        keepOnFailureMs: ((options["keepOnFailure"] as number | undefined) ?? 0) * 60_000,
        streamInterval: execution.streamInterval,
        allowRemoteCode: execution.plan.allowRemoteCode,
        hfToken: execution.hubToken,
        monthSpentElsewhere: monthSpent(far.stateDir, run, far.clock.now()),
      },
      terminal.signals.stop,
    );
  } catch (error) {
    crashed = error;
  }
  const state = foldRun(journal.events());
  const code = exitCodeOf(state, { interrupted: terminal.signals.stop.aborted, crashed });
  const problems = await publisher.close();
  if (code !== ExitCode.stillBilled) {
    const end = terminal.signals.stop.aborted
      ? "interrupted"
      : crashed === undefined
        ? "finished"
        : "crashed";
    await journal
      .append({ type: "run.closed", exit_code: code, state: end })
      .catch(() => undefined);
    await guard.release();
  }
  showing();
  clearInterval(ticking);
  await view.close();
  await journal.close();
  for (const problem of [...alarms, ...problems]) terminal.stderr.write(`warning: ${problem}\n`);
  if (options["json"] !== true) {
    terminal.stdout.write(
      sweepSummary(
        {
          state: foldRun(journal.events()),
          ledger: foldLedger(foldRun(journal.events()), far.clock.now()),
          nowMs: far.clock.now(),
          database: far.databaseFile,
          folder,
        },
        {
          width: terminal.stdout.isTTY ? terminal.stdout.columns : Infinity,
          colour: terminal.colour && terminal.stdout.isTTY,
        },
      ),
    );
  }
  if (code === ExitCode.stillBilled) tellOpenVms(state, guard.pid(), terminal.stderr);
  const ownEnd = code === ExitCode.stillBilled || code === ExitCode.interrupted;
  if (crashed !== undefined && !ownEnd) throw crashed;
  return code;
}

const VIEW_EVERY_MS = 100;

function openingFact(execution: Execution): Fact {
  const { account, cap, estimate, far, plan, resumed } = execution;
  if (resumed !== undefined) return { type: "run.adopted", by: "resume", pid: process.pid };
  return {
    type: "run.opened",
    plan: plan.name,
    cap_micro_usd: cap,
    monthly_cap_micro_usd: plan.budget.monthlyCap ?? null,
    world: far.simulated?.world ?? null,
    api_url: far.apiUrl,
    account: account.fingerprint,
    database: far.databaseFile,
    ssh_port: far.sshPort,
    rentals: estimate.rentals.length,
    configurations: estimate.rentals.reduce(
      (sum, { configurations }) => sum + configurations.length,
      0,
    ),
    concurrency: plan.concurrency,
    passes: Math.max(
      ...estimate.rentals.flatMap(({ configurations }) =>
        configurations.map(({ passes }) => passes),
      ),
    ),
    likely_micro_usd: estimate.likely.micros,
    worst_micro_usd: estimate.worst.micros,
    version: packageVersion(),
    pid: process.pid,
  };
}

/** Passes of a configuration that an earlier owner of the run has recorded. */
export function passesDoneIn(
  resumed: RunState | undefined,
): (configuration: Configuration) => number {
  return ({ gpu, model }) =>
    (resumed?.passes ?? []).filter(
      (event): event is EventOf<"pass.finished"> =>
        event.type === "pass.finished" &&
        event.record.gpu_type === gpu.id &&
        event.model === model.id,
    ).length;
}

/** Names what may still be billed, and who destroys it. */
function tellOpenVms(state: RunState, guard: number | undefined, stderr: NodeJS.WriteStream): void {
  const open = openRentals(state);
  if (open.length === 0) return;
  const who =
    guard === undefined
      ? "maider-sweep recover destroys them"
      : `the guard, process ${String(guard)}, destroys them`;
  stderr.write(`\nnot yet proved gone; ${who}:\n`);
  for (const { label, vmId } of open) {
    const address = vmId === undefined ? "" : `  https://cloud.linode.com/linodes/${String(vmId)}`;
    stderr.write(`  ${label}${address}\n`);
  }
}

function randomName(length: number): string {
  const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from({ length }, () => letters.charAt(randomInt(letters.length))).join("");
}
