import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { foldRun, isUnsettled, openRentals } from "../../run-state/fold-run.ts";
import { readJournal } from "../../journal/journal-file.ts";
import { GUARD_LOG, runFolder } from "../../journal/state-folder.ts";
import { isoUtc, linearClock, sleepReal } from "../../support/clock.ts";
import { errorText } from "../../support/errors.ts";
import { createRedactor } from "../../support/redact.ts";
import { guardLoop } from "../../guard/guard-loop.ts";
import { startHeartbeat } from "../../guard/heartbeat.ts";
import type { GuardOrder } from "../../guard/start-guard.ts";
import { notifyOfEnd } from "../notify-of-end.ts";
import { publishRun } from "../records/publish-run.ts";
import { connectCloud } from "../wire.ts";
import { isWorldGone } from "../../simulator/client/control-client.ts";

const CHECKS_PER_STALL = 12;
const RETRY_MS = 1_000;

/**
 * The guard: a process of its own that holds one end of a pipe. When the other end closes, or its parent stops
 * breathing, it destroys what the run has left and confirms that it is deleted; it never gives up. Told that all is settled, it
 * looks for itself and goes.
 */
async function main(): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => undefined);
  // Once its parent has ended, nothing reads its output.
  process.stdout.on("error", () => undefined);
  process.stderr.on("error", () => undefined);

  const lines = createInterface({ input: process.stdin });
  const ended = new Promise<"the pipe closed">((resolve) => {
    lines.once("close", () => {
      resolve("the pipe closed");
    });
  });
  const first = await Promise.race([
    new Promise<string>((resolve) => {
      lines.once("line", resolve);
    }),
    ended.then(() => undefined),
  ]);
  if (first === undefined) return;
  const order = JSON.parse(first) as GuardOrder;
  const log = openLog(order);
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      log(`continuing after: ${errorText(error)}`);
    });
  }
  let silentFor = 0;
  const released = new Promise<"released">((resolve) => {
    lines.on("line", (line) => {
      silentFor = 0;
      if (line === "release") resolve("released");
    });
  });
  // Counted by a timer instead of compared with the clock: a machine that sleeps stops the parent and this timer alike.
  const stalled = new Promise<"the parent hangs">((resolve) => {
    setInterval(() => {
      silentFor += 1;
      if (silentFor > CHECKS_PER_STALL) resolve("the parent hangs");
    }, order.stallMs / CHECKS_PER_STALL).unref();
  });
  log(`watching run ${order.run} as process ${String(process.pid)}`);
  process.stdout.write("ready\n");

  const why = await Promise.race([ended, released, stalled]);
  log(why);
  if (why === "released" && !isSettled(order)) process.stdout.write("watching\n");
  const clock = linearClock(order.time, order.ceilings);
  const folder = runFolder(order.stateDir, order.run);
  const heartbeat = startHeartbeat(order.heartbeat, folder, () => openVms(order), clock);
  await destroyEverything(order, log);
  await heartbeat.end(true);
  log("everything is confirmed deleted");
  // What its parent had measured and not published when it died.
  await publishRun(folder).catch((error: unknown) => {
    log(`not published: ${errorText(error)}`);
  });
  const notSent = await notifyOfEnd(folder, clock.now());
  if (notSent !== undefined) log(`no notification: ${notSent}`);
  process.exit(0);
}

async function destroyEverything(order: GuardOrder, log: (text: string) => void): Promise<void> {
  const { stateDir, run, gen, token, apiUrl, holdMs, time, ceilings, world } = order;
  const clock = linearClock(time, ceilings);
  for (;;) {
    try {
      await guardLoop({
        stateDir,
        run,
        pid: process.pid,
        replaces: gen,
        holdMs,
        cloud: connectCloud({ apiUrl, token, clock }),
        clock,
        worldGone: world === null ? undefined : () => isWorldGone(apiUrl, world),
        redact: createRedactor([token]),
        log,
      });
      return;
    } catch (error) {
      log(`trying again after: ${errorText(error)}`);
      await sleepReal(RETRY_MS);
    }
  }
}

function openVms({ stateDir, run }: GuardOrder): number {
  return openRentals(foldRun(readJournal(runFolder(stateDir, run)).events)).length;
}

function isSettled({ stateDir, run }: GuardOrder): boolean {
  const state = foldRun(readJournal(runFolder(stateDir, run)).events);
  return state.closed !== undefined && !isUnsettled(state);
}

/** Errors of the log are ignored; the journal has the important facts. */
function openLog({ stateDir, run, token }: GuardOrder): (text: string) => void {
  const redact = createRedactor([token]);
  const path = join(runFolder(stateDir, run), GUARD_LOG);
  return (text) => {
    try {
      appendFileSync(path, `${isoUtc(Date.now())} ${redact(text)}\n`, { mode: 0o600 });
    } catch {
      // The guard must continue.
    }
  };
}

await main();
