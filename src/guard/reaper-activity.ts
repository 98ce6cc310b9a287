import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isoUtc } from "../support/clock.ts";
import { formatUsd } from "../support/money.ts";
import type { MicroUsd } from "../support/money.ts";
import { makeFolder } from "../support/make-folder.ts";
import { writeFileAtomically } from "../support/safe-file.ts";

const REAPER_FILE = "reaper.json";

/** Records a run of the reaper, for `doctor`. */
export async function recordReaperRun(stateDir: string, nowMs: number): Promise<void> {
  const sign = `${JSON.stringify({ at: isoUtc(nowMs) })}\n`;
  try {
    makeFolder(stateDir, 0o700);
    await writeFileAtomically(join(stateDir, REAPER_FILE), sign);
  } catch {
    // The reaper has done its work, even if this file cannot be written.
  }
}

/** When a reaper last ran with this state folder, ISO 8601. Reapers on other machines are not seen. */
export function lastReaped(stateDir: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(stateDir, REAPER_FILE), "utf8")) as { at: string }).at;
  } catch {
    return undefined;
  }
}

/** After this time without a run, the reaper may have stopped. */
const REAPER_SILENCE_MS = 2 * 3_600_000;

export function hasRecentReaper(stateDir: string, nowMs: number): boolean {
  const at = lastReaped(stateDir);
  return at !== undefined && nowMs - Date.parse(at) <= REAPER_SILENCE_MS;
}

/** In micro-dollars. Above this, a run should not depend on this machine and its guard alone. */
const WARN_ABOVE = 20_000_000;

/** A warning before an expensive run without a reaper. */
export function reaperWarning(
  worst: MicroUsd,
  stateDir: string,
  nowMs: number,
): string | undefined {
  if (worst <= WARN_ABOVE || hasRecentReaper(stateDir, nowMs)) return undefined;
  return `at worst this costs ${formatUsd(worst)}, and no reaper was seen: should this machine lose its power, nobody destroys the VMs; maider-sweep guard install --token-file FILE installs one here, templates/github/reap.yml elsewhere`;
}
