import { randomBytes, randomInt, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createGuardKeeper, type GuardKeeper } from "../guard/guard-keeper.ts";
import { startHeartbeat, type Heartbeat } from "../guard/heartbeat.ts";
import { saveNotification } from "../guard/notification.ts";
import type { Journal } from "../journal/events.ts";
import { openJournal } from "../journal/journal-file.ts";
import type { HeldOwnership } from "../lock/owner-lock.ts";
import { foldRun, openRentals } from "../run-state/fold-run.ts";
import { createCleanup, type Cleanup } from "../support/cleanup.ts";
import { createRedactor } from "../support/redact.ts";
import type { SweepPorts } from "../sweep/ports.ts";
import { chooseSpeed } from "./cloud-access/choose-speed.ts";
import { claimRun } from "./claim-run.ts";
import { withSpeed, type CloudTarget } from "./cloud-access/cloud-target.ts";
import { crashHookFor } from "./crash-hook-for.ts";
import { createMonthLedger } from "./month-ledger.ts";
import { handleRepeatedInterrupts } from "./handle-repeated-interrupts.ts";
import type { Preflight } from "./preflight/preflight.ts";
import { callerCidr } from "./cloud-access/public-cidr.ts";
import { startPublisher, type Publisher } from "./records/publisher.ts";
import type { RunContext } from "./run-context.ts";
import { hubTokenFor } from "./cloud-access/token.ts";
import { connectCloud, connectMachines, connectMeasure, GUARD_PROGRAM } from "./wire.ts";

/** A run with its lock and its open journal. Disposing it releases them. */
export interface OpenRun extends AsyncDisposable {
  readonly checked: Preflight;
  readonly run: string;
  readonly folder: string;
  /** The cloud, with the speed of its clock set. */
  readonly target: CloudTarget;
  readonly ownership: HeldOwnership;
  readonly journal: Journal;
  readonly guard: GuardKeeper;
  readonly heartbeat: Heartbeat;
  readonly publisher: Publisher;
  readonly ports: SweepPorts;
  readonly hubToken: string | undefined;
  /** vLLM's `--stream-interval`, tokens per event; undefined means one. */
  readonly streamInterval: number | undefined;
  /** Aborts when the user or an uncaught error ends the run. */
  readonly stop: AbortSignal;
  /** Aborts with an uncaught error. */
  readonly failure: AbortSignal;
  /** Aborts when the user does not want to wait and the guard can do the rest. */
  readonly leaveToGuard: AbortSignal;
}

const REDRAW_EVERY_MS = 100;

/** Opens a run before anything is billable. @throws SweepError after releasing everything */
export async function openRun(checked: Preflight, context: RunContext): Promise<OpenRun> {
  const cleanup = createCleanup();
  try {
    return await open(checked, context, cleanup);
  } catch (error) {
    await cleanup[Symbol.asyncDispose]();
    throw error;
  }
}

async function open(checked: Preflight, context: RunContext, cleanup: Cleanup): Promise<OpenRun> {
  const { env } = context;
  const { estimate, plan, request, saved } = checked;
  const hubToken = await hubTokenFor(checked.target.simulated !== undefined, env);
  const speed = chooseSpeed(checked.target, estimate, plan.concurrency, request.cloud.speed);
  const target = await withSpeed(checked.target, speed.speed);
  const streamInterval =
    saved === undefined || saved.worldGone ? speed.streamInterval : saved.settings.streamInterval;

  const { folder, ownership, run } = await claimRun(checked, target, streamInterval, context);
  cleanup.defer(() => ownership.release());
  const secrets = [target.token, hubToken].filter((secret) => secret !== undefined);
  const redact = createRedactor(secrets);
  const journal = await openJournal({
    folder,
    run,
    ownership,
    clock: target.clock,
    redact,
    crash: crashHookFor(target, env),
  });
  cleanup.defer(() => journal.close());
  const guard = guardOf({ run, ownership }, checked, target, env);
  await showProgress(checked, journal, target, context, cleanup);
  if (checked.notify !== undefined) await saveNotification(folder, checked.notify);
  const openVms = (): number => openRentals(foldRun(journal.events())).length;
  const heartbeat = startHeartbeat(checked.heartbeat, folder, openVms, target.clock);
  cleanup.defer(() => heartbeat.end(false));
  const publisher = startPublisher(journal, folder, target.databaseFile);
  cleanup.defer(() => publisher.close(AbortSignal.abort()));

  const { failure, leaveToGuard } = watchSignals({ guard, journal, ownership }, context, cleanup);
  return {
    checked,
    run,
    folder,
    target,
    ownership,
    journal,
    guard,
    heartbeat,
    publisher,
    ports: {
      cloud: connectCloud(target),
      machines: await connectMachines(target.clock),
      measure: await connectMeasure(),
      journal,
      ownership,
      clock: target.clock,
      guard: { ensure: () => guard.ensure(journal) },
      month: createMonthLedger(target.stateDir, run, target.clock),
      ...filePorts(folder, redact),
      ...addressPort(checked.plan, target),
      ...(request.subject.kind === "probe" ? { probe: request.subject.probe } : {}),
      ...randomPorts,
      timeZoneOffsetMinutes: (epochMs) => new Date(epochMs).getTimezoneOffset(),
      onAlarm: (alarm) => context.reporter.alarm(alarm, "sweep"),
    },
    hubToken,
    streamInterval,
    stop: AbortSignal.any([context.signals.stop, failure]),
    failure,
    leaveToGuard,
    [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose](),
  };
}

function guardOf(
  { ownership, run }: Pick<OpenRun, "ownership" | "run">,
  { heartbeat, request }: Preflight,
  target: CloudTarget,
  env: NodeJS.ProcessEnv,
): GuardKeeper {
  const { apiUrl, ceilings, simulated, stateDir, time, token = "" } = target;
  return createGuardKeeper({
    program: GUARD_PROGRAM,
    stateDir,
    run,
    ownership,
    token,
    apiUrl,
    holdMs: request.holdMs,
    heartbeat,
    time,
    ceilings,
    world: simulated?.world ?? null,
    env,
  });
}

function watchSignals(
  { guard, journal, ownership }: Pick<OpenRun, "guard" | "journal" | "ownership">,
  context: RunContext,
  cleanup: Cleanup,
): Pick<OpenRun, "failure" | "leaveToGuard"> {
  const { signals } = context;
  const leaveToGuard = new AbortController();
  const onRepeat = (): void => {
    // Without a guard, no other process would do the rest.
    if (guard.pid() !== undefined) leaveToGuard.abort();
  };
  const remaining = () => ({ state: foldRun(journal.events()), guardPid: guard.pid() });
  const failure = new AbortController();
  const onContinue = (): void => {
    try {
      ownership.assertCurrent();
    } catch (error) {
      failure.abort(error);
    }
  };
  cleanup.defer(signals.onRepeat(onRepeat));
  cleanup.defer(handleRepeatedInterrupts(context, remaining));
  cleanup.defer(signals.onUncaught((error) => failure.abort(error)));
  cleanup.defer(signals.onContinue(onContinue));
  return { failure: failure.signal, leaveToGuard: leaveToGuard.signal };
}

async function showProgress(
  { estimate, saved }: Preflight,
  journal: Journal,
  { clock }: CloudTarget,
  { reporter }: RunContext,
  cleanup: Cleanup,
): Promise<void> {
  const view = await reporter.showProgress({
    now: () => clock.now(),
    expectedMinutes: estimate.wallMinutes,
    before: saved?.state,
  });
  cleanup.defer(() => view.close());
  const redrawing = setInterval(() => view.tick?.(clock.now()), REDRAW_EVERY_MS);
  cleanup.defer(() => clearInterval(redrawing));
  cleanup.defer(journal.subscribe((event) => view.show(event)));
}

function filePorts(
  folder: string,
  redact: (text: string) => string,
): Pick<SweepPorts, "saveLog" | "writePrivateFile"> {
  return {
    saveLog: async (name, text) => {
      await writeFile(join(folder, name), redact(text), { mode: 0o600 });
      return name;
    },
    writePrivateFile: async (name, text) => {
      await writeFile(join(folder, name), text, { mode: 0o600 });
      return join(folder, name);
    },
  };
}

/** The firewall follows the caller's address unless the user has named the addresses. */
function addressPort(
  { sshCidr }: Preflight["plan"],
  target: CloudTarget,
): Pick<SweepPorts, "publicCidr"> {
  return sshCidr === undefined ? { publicCidr: (signal) => callerCidr(target, signal) } : {};
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

const randomPorts: Pick<SweepPorts, "nonce" | "uuid" | "password"> = {
  nonce: (length) =>
    Array.from({ length }, () => LETTERS.charAt(randomInt(LETTERS.length))).join(""),
  uuid: randomUUID,
  password: () => `Aa1!${randomBytes(24).toString("base64url")}`,
};
