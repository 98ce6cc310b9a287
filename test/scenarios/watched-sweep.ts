import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as later } from "node:timers/promises";
import { expect } from "vitest";
import type { EventOf, EventType, SweepEvent } from "../../src/journal/events.ts";
import { readJournal } from "../../src/journal/journal-file.ts";
import { listRuns, runFolder } from "../../src/journal/state-folder.ts";
import type { RunStatus } from "../../src/run-state/status.ts";
import type { SweepRun, Word } from "../simulated/sweep-run.ts";

export interface SweepEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** A sweep with `--json`: its facts are read as they happen, so that something can be done to it at one of them. */
export interface WatchedSweep {
  readonly pid: number;
  readonly events: readonly SweepEvent[];
  readonly ended: Promise<SweepEnd>;
  /** The first such fact, or the n-th. @throws when the sweep ends without one. */
  until<T extends EventType>(type: T, nth?: number): Promise<EventOf<T>>;
  /** Until it has said so on stderr, this many times. */
  untilSaid(words: string, times?: number): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

const LOOK_EVERY_MS = 20;

export function watchSweep(rig: SweepRun, ...argv: readonly Word[]): WatchedSweep {
  const child = rig.start(...argv);
  const events: SweepEvent[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => events.push(JSON.parse(line) as SweepEvent));
  let stderr = "";
  let over = false;
  child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
  const ended = (async (): Promise<SweepEnd> => {
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    over = true;
    return { code, signal, stderr };
  })();
  const look = async <T>(what: string, find: () => T | undefined): Promise<T> => {
    for (;;) {
      const done = over;
      const found = find();
      if (found !== undefined) return found;
      if (done) throw new Error(`the sweep ended without ${what}: ${stderr}`);
      await later(LOOK_EVERY_MS);
    }
  };
  return {
    pid: child.pid ?? 0,
    events,
    ended,
    until: <T extends EventType>(type: T, nth = 1) =>
      look(
        `${String(nth)} ${type}`,
        () => events.filter((event) => event.type === type)[nth - 1] as EventOf<T> | undefined,
      ),
    untilSaid: (words, times = 1) =>
      look(words, () => (stderr.split(words).length > times ? true : undefined)).then(
        () => undefined,
      ),
    kill: (signal) => void child.kill(signal),
  };
}

interface World {
  readonly vms: readonly { readonly deleted: string | null }[];
  readonly firewalls: readonly { readonly deleted: string | null }[];
}

/** What is alive in the cloud. */
export async function leftIn(
  rig: SweepRun,
): Promise<{ readonly vms: number; readonly firewalls: number }> {
  const { vms, firewalls } = await rig.ask<World>("state");
  const alive = (things: World["vms"]): number =>
    things.filter(({ deleted }) => deleted === null).length;
  return { vms: alive(vms), firewalls: alive(firewalls) };
}

export async function statusOf(rig: SweepRun): Promise<readonly RunStatus[]> {
  const { stdout } = await rig.run("status", "--json");
  return (JSON.parse(stdout) as { runs: readonly RunStatus[] }).runs;
}

/** The journal of the only simulated run. */
export function journalOf(rig: SweepRun): readonly SweepEvent[] {
  const state = join(rig.env.MAIDER_SWEEP_STATE, "simulated");
  return listRuns(state).flatMap((run) => readJournal(runFolder(state, run)).events);
}

/** What every stopped sweep owes: nothing left, the bill within the ledger, each finished pass stored exactly once. */
export async function expectStopped(
  rig: SweepRun,
  events: readonly SweepEvent[],
  state: RunStatus["state"] = "interrupted",
): Promise<void> {
  expect(await leftIn(rig)).toEqual({ vms: 0, firewalls: 0 });
  const [run] = await statusOf(rig);
  expect(run).toMatchObject({ state, pid: null, guard_pid: null, reserved_usd: 0 });
  const { usd } = await rig.ask<{ usd: number }>("invoice");
  expect(usd).toBeLessThanOrEqual((run?.spent_usd ?? 0) + 1e-9);
  const finished = events.flatMap((event) =>
    event.type === "pass.finished" ? [event.record.id] : [],
  );
  expect(
    rig
      .records()
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(finished.toSorted());
}
