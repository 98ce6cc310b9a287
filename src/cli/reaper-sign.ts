import { existsSync } from "node:fs";
import { join } from "node:path";
import { isoUtc } from "../support/clock.ts";
import { writeFileAtomically } from "../support/safe-file.ts";

export const REAPER_FILE = "reaper.json";

/** Lets `doctor` see that a reaper is at work. A state folder that nobody made stays unmade. */
export async function leaveReaperSign(stateDir: string, nowMs: number): Promise<void> {
  if (!existsSync(stateDir)) return;
  await writeFileAtomically(
    join(stateDir, REAPER_FILE),
    `${JSON.stringify({ at: isoUtc(nowMs) })}\n`,
  );
}
