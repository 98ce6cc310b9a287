import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isoUtc } from "../support/clock.ts";
import { formatUsd } from "../support/money.ts";
import type { MicroUsd } from "../support/money.ts";
import { makeFolder } from "../support/make-folder.ts";
import { writeFileAtomically } from "../support/safe-file.ts";

const REAPER_FILE = "reaper.json";

/** Lets `doctor` see that a reaper is at work. */
export async function recordReaperRun(stateDir: string, nowMs: number): Promise<void> {
  const sign = `${JSON.stringify({ at: isoUtc(nowMs) })}\n`;
  try {
    makeFolder(stateDir, 0o700);
    await writeFileAtomically(join(stateDir, REAPER_FILE), sign);
  } catch {
    // What was destroyed is destroyed: a disk that takes no sign makes no failure of it.
  }
}

/** When a reaper was last seen with this state folder, ISO 8601; one on another machine leaves no sign here. */
export function lastReaped(stateDir: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(stateDir, REAPER_FILE), "utf8")) as { at: string }).at;
  } catch {
    return undefined;
  }
}

/** A reaper that was not seen for longer may be dead. */
const REAPER_SILENCE_MS = 2 * 3_600_000;

export function hasRecentReaper(stateDir: string, nowMs: number): boolean {
  const at = lastReaped(stateDir);
  return at !== undefined && nowMs - Date.parse(at) <= REAPER_SILENCE_MS;
}

/** Micro-dollars. What may be lost when this machine dies with its guard should be small, or there is a reaper. */
const DEAR = 20_000_000;

/** What a run that could cost so much should know before it begins. */
export function reaperWarning(
  worst: MicroUsd,
  stateDir: string,
  nowMs: number,
): string | undefined {
  if (worst <= DEAR || hasRecentReaper(stateDir, nowMs)) return undefined;
  return `at worst this costs ${formatUsd(worst)}, and no reaper was seen: should this machine lose its power, nobody destroys the VMs; maider-sweep guard install --token-file FILE installs one here, templates/github/reap.yml elsewhere`;
}
