import type { EventOf } from "../../journal/events.ts";
import { foldRun } from "../../run-state/fold-run.ts";
import { readJournal } from "../../journal/journal-file.ts";
import { controlClient } from "../../simulator/client/control-client.ts";
import {
  linearClock,
  REAL_TIME,
  realClock,
  type Clock,
  type LinearTime,
} from "../../support/clock.ts";

/** The current time on a run's clock, which a simulated world determines, in milliseconds since the epoch. */
export async function runClock(folder: string): Promise<number> {
  const { opened, lastMs } = foldRun(readJournal(folder).events);
  if (opened === undefined || opened.world === null) return Date.now();
  const time = await worldTime(opened.api_url);
  // The clock of the world has not started, or the world has ended.
  return time === undefined ? lastMs : time.v0 + (Date.now() - time.w0) * time.speed;
}

/** The clock of a run: of its simulated world, or real time. */
export async function clockOfRun({ api_url, world }: EventOf<"run.opened">): Promise<Clock> {
  const time = world === null ? undefined : await worldTime(api_url);
  return time === undefined ? realClock() : linearClock(time);
}

/** The time of a run's cloud; undefined if its simulated world has ended, or its clock has not begun. */
export async function timeOfRun({
  api_url,
  world,
}: EventOf<"run.opened">): Promise<LinearTime | undefined> {
  return world === null ? REAL_TIME : worldTime(api_url);
}

async function worldTime(url: string): Promise<LinearTime | undefined> {
  try {
    const { speed, ...time } = await controlClient(url, 2_000).time();
    return speed === "auto" ? undefined : { ...time, speed };
  } catch {
    return undefined;
  }
}
