import { bytesOfRuns, RETENTION_DAYS, PACKED_AFTER_DAYS } from "../../run/retention.ts";
import { simulatedStateDir } from "../../run/locations.ts";
import { count } from "./event-text.ts";

/** What real and simulated runs take on the disk. */
export function diskUsage(state: string): number {
  return bytesOfRuns(state) + bytesOfRuns(simulatedStateDir(state));
}

export function diskUsageText(bytes: number): string {
  return `journals and logs take ${(bytes / 1e6).toFixed(1)} MB; those of ended runs are packed after ${count(PACKED_AFTER_DAYS, "day")} and kept for ${RETENTION_DAYS}`;
}
