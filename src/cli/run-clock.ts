import { foldRun } from "../journal/fold-run.ts";
import { readJournal } from "../journal/journal-file.ts";

/** Now, in milliseconds since the epoch, on the clock of the run in `folder`: a simulated world has its own. */
export async function runClock(folder: string): Promise<number> {
  const { opened, lastMs } = foldRun(readJournal(folder).events);
  if (opened === undefined || opened.world === null) return Date.now();
  try {
    const reply = await fetch(new URL("/simulator/clock", opened.api_url), {
      signal: AbortSignal.timeout(2_000),
    });
    const { v0, w0, speed } = (await reply.json()) as {
      v0: number;
      w0: number;
      speed: number | "auto";
    };
    return speed === "auto" ? lastMs : v0 + (Date.now() - w0) * speed;
  } catch {
    // The world is gone: nothing in it moves any more.
    return lastMs;
  }
}
