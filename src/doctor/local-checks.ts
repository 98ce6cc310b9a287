import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { isHeld } from "../run-state/fold-run.ts";
import { livingOwner } from "../lock/owner-lock.ts";
import { checkFolder } from "../journal/state-folder.ts";
import { unfinishedRuns } from "../run-state/status.ts";
import { checkWritable } from "../results/store/database-file.ts";
import { openDatabase } from "../results/store/database.ts";
import { errorText, SweepError } from "../support/errors.ts";
import { checkTakesFiles } from "../support/make-folder.ts";
import { isClockSkewed } from "../run/compare-with-account.ts";
import { lastReaped, isReaperActive } from "../guard/reaper-activity.ts";
import { ok, problem, warning, type Check } from "./check.ts";

/** The oldest release of each supported line, as in `engines` of package.json. */
const LINES: Readonly<Record<number, readonly [minor: number, patch: number]>> = {
  22: [22, 2],
  24: [15, 0],
};

export function checkNode(version: string): Check {
  const [major = 0, minor = 0, patch = 0] = version.replace(/^v/, "").split(".").map(Number);
  const least = LINES[major];
  const fits =
    major >= 26 ||
    (least !== undefined && (minor > least[0] || (minor === least[0] && patch >= least[1])));
  if (fits) return ok("node", `Node ${version}`);
  return problem(
    "node",
    `Node ${version} is not supported`,
    "install Node 22.22.2, 24.15 or 26 and newer",
  );
}

/** Labels carry expiry times, and tokens and stamps are compared with the API's. */
export function checkClock(offsetMs: number | undefined, speed: number): Check {
  if (offsetMs === undefined)
    return warning("clock", "the API's time is unknown", "check the clock yourself: date -u");
  const seconds = Math.round(Math.abs(offsetMs) / 1000);
  const detail = `${String(seconds)} s from the API's`;
  if (!isClockSkewed(offsetMs, speed)) return ok("clock", detail);
  const remedy = "set the clock by NTP: timedatectl set-ntp true";
  return seconds > 120 + 10 * speed
    ? problem("clock", detail, remedy)
    : warning("clock", detail, remedy);
}

export function checkState(folder: string): Check {
  try {
    if (existsSync(folder)) checkFolder(folder);
    checkTakesFiles(nearestExisting(folder));
  } catch (error) {
    if (error instanceof SweepError)
      return problem("state folder", `${folder}: ${error.reason ?? ""}`, error.hint ?? "");
    return problem(
      "state folder",
      `${folder} cannot be written: ${errorText(error)}`,
      "name another with --state-dir or MAIDER_SWEEP_STATE",
    );
  }
  const owner = livingOwner(folder);
  if (owner !== undefined)
    return ok("state folder", `${folder}, in use by run ${owner.run} (${owner.role})`);
  const open = unfinishedRuns(folder)
    .filter(({ state }) => !isHeld(state))
    .map(({ run }) => run);
  return open.length === 0
    ? ok("state folder", folder)
    : warning("state folder", `runs without an end: ${open.join(", ")}`, "maider-sweep recover");
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

/** The last resort when this machine is lost; its timer may run on another machine, so silence alone is no problem. */
export function checkReaper(stateDir: string, nowMs: number): Check {
  const remedy = "maider-sweep guard install --token-file FILE, or templates/github/reap.yml";
  const at = lastReaped(stateDir);
  if (at === undefined) return warning("reaper", "none has run with this state folder", remedy);
  const detail = `last pass ${String(Math.round((nowMs - Date.parse(at)) / 60_000))} min ago`;
  return isReaperActive(stateDir, nowMs) ? ok("reaper", detail) : warning("reaper", detail, remedy);
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}
