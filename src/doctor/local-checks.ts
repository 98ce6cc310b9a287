import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { isHeld } from "../run-state/fold-run.ts";
import { currentOwner } from "../lock/owner-lock.ts";
import { checkFolder } from "../journal/state-folder.ts";
import { unfinishedRuns } from "../run-state/status.ts";
import { checkWritable } from "../results/store/database-file.ts";
import { openDatabase } from "../results/store/database.ts";
import { errorText, SweepError } from "../support/errors.ts";
import { probeWritable } from "../support/make-folder.ts";
import { isClockSkewed } from "../run/compare-with-account.ts";
import { lastReaped, hasRecentReaper } from "../guard/reaper-activity.ts";
import { ok, problem, warning, type Check } from "./check.ts";

/** The oldest supported release of each major version, as in `engines` of package.json. */
const OLDEST_RELEASES: Readonly<Record<number, readonly [minor: number, patch: number]>> = {
  22: [22, 2],
  24: [15, 0],
};

export function checkNode(version: string): Check {
  const [major = 0, minor = 0, patch = 0] = version.replace(/^v/, "").split(".").map(Number);
  const oldest = OLDEST_RELEASES[major];
  const isSupported =
    major >= 26 ||
    (oldest !== undefined && (minor > oldest[0] || (minor === oldest[0] && patch >= oldest[1])));
  if (isSupported) return ok("node", `Node ${version}`);
  return problem(
    "node",
    `Node ${version} is not supported`,
    "install Node 22 (22.22.2 or later), 24 (24.15 or later), or 26",
  );
}

/** A wrong local clock leads to wrong timestamps and wrong expiry times. */
export function checkClock(offsetMs: number | undefined, speed: number): Check {
  if (offsetMs === undefined)
    return warning("clock", "the API sent no time to compare with", "check the clock: date -u");
  const seconds = Math.round(Math.abs(offsetMs) / 1000);
  const detail = `${String(seconds)} s from the API's clock`;
  if (!isClockSkewed(offsetMs, speed)) return ok("clock", detail);
  const remedy = "synchronise the clock by NTP: timedatectl set-ntp true";
  return seconds > 120 + 10 * speed
    ? problem("clock", detail, remedy)
    : warning("clock", detail, remedy);
}

export function checkState(folder: string): Check {
  try {
    if (existsSync(folder)) checkFolder(folder);
    probeWritable(nearestExisting(folder));
  } catch (error) {
    if (error instanceof SweepError)
      return problem("state folder", `${folder}: ${error.reason ?? ""}`, error.hint ?? "");
    return problem(
      "state folder",
      `${folder} cannot be written: ${errorText(error)}`,
      "name another with --state-dir or MAIDER_SWEEP_STATE",
    );
  }
  const owner = currentOwner(folder);
  if (owner !== undefined)
    return ok("state folder", `${folder}, in use by run ${owner.run} (${owner.role})`);
  const open = unfinishedRuns(folder)
    .filter(({ state }) => !isHeld(state))
    .map(({ run }) => run);
  return open.length === 0
    ? ok("state folder", folder)
    : warning("state folder", `unfinished runs: ${open.join(", ")}`, "maider-sweep recover");
}

export async function checkDatabase(file: string): Promise<Check> {
  try {
    await checkWritable(file);
    const { records, problems } = await openDatabase(file).read();
    const count = `${file}: ${String(records.length)} record${records.length === 1 ? "" : "s"}`;
    return problems.length === 0
      ? ok("database", existsSync(file) ? count : `${file} will be created`)
      : warning("database", `${count}; ${problems.join("; ")}`, "maider-sweep db check");
  } catch (error) {
    return problem(
      "database",
      error instanceof SweepError ? (error.reason ?? "") : `${file}: ${errorText(error)}`,
      "name another with --db or MAIDER_SWEEP_DB",
    );
  }
}

/** The reaper's timer may run on another machine, so its absence here is only a warning. */
export function checkReaper(stateDir: string, nowMs: number): Check {
  const remedy = "maider-sweep guard install --token-file FILE, or templates/github/reap.yml";
  const at = lastReaped(stateDir);
  if (at === undefined) return warning("reaper", "never run with this state folder", remedy);
  const detail = `last run ${String(Math.round((nowMs - Date.parse(at)) / 60_000))} min ago`;
  return hasRecentReaper(stateDir, nowMs)
    ? ok("reaper", detail)
    : warning("reaper", detail, remedy);
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}
