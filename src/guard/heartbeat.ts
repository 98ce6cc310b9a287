import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../support/clock.ts";
import { writeFileAtomically } from "../support/safe-file.ts";
import type { UserService } from "./service-url.ts";

/** Tells a dead-man service that VMs are open and watched; its silence then calls a person. */
export interface Heartbeat {
  /** Ends it; sends `gone` when all is confirmed deleted and no other process has sent it. Never rejects. */
  end(allGone: boolean): Promise<void>;
}

/** In a run's folder: the address that got an `open`, and gets a `gone` from the process that proves it. */
const OWED_FILE = "heartbeat";

const EVERY_MS = 60_000;
const LOOK_EVERY_MS = 5_000;
const PATIENCE_MS = 5_000;

/** The dead-man service. */
export const HEARTBEAT: UserService = {
  name: "heartbeat",
  option: "--heartbeat-url",
  variable: "MAIDER_SWEEP_HEARTBEAT",
};

/** The address that a run has sent `open` to, and no `gone` yet. */
export function pendingHeartbeat(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, OWED_FILE), "utf8");
  } catch {
    return undefined;
  }
}

/** Sends `gone` once all of a run is confirmed deleted. The process that removes the file sends it, so that it is sent once. */
export async function reportGone(folder: string): Promise<void> {
  const url = pendingHeartbeat(folder);
  if (url === undefined) return;
  try {
    rmSync(join(folder, OWED_FILE));
  } catch (error) {
    // On a disk that takes nothing twice is better than never.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
  }
  await tell(url, "gone");
}

/**
 * Sends `open` every minute while a VM is, as the body of a POST. Failures are ignored: a heartbeat
 * that stops calls the person that it is for.
 * @param folder the run's. @param openVms VMs that are, or may be, billed.
 */
export function startHeartbeat(
  url: string | undefined,
  folder: string,
  openVms: () => number,
  clock: Clock,
): Heartbeat {
  if (url === undefined) return { end: () => Promise.resolve() };
  const ended = new AbortController();
  // On a fast clock a few looks a second are enough.
  const lookEveryMs = Math.max(LOOK_EVERY_MS, 250 * clock.speed);
  let toldMs = -Infinity;
  const beat = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const open = openVms();
      if (open > 0 && clock.now() >= toldMs + EVERY_MS) {
        if (toldMs === -Infinity)
          await writeFileAtomically(join(folder, OWED_FILE), url).catch(() => undefined);
        toldMs = clock.now();
        void tell(url, `open: ${String(open)}`);
      }
      await clock.sleep(lookEveryMs, ended.signal).catch(() => undefined);
    }
  };
  const beating = beat().catch(() => undefined);
  return {
    async end(allGone) {
      ended.abort();
      await beating;
      if (allGone) await reportGone(folder);
    },
  };
}

/** @param body `open: N`, or `gone`. */
export async function tell(url: string, body: string): Promise<void> {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const reply = await fetch(url, { method: "POST", body, signal });
    await reply.body?.cancel();
  } catch {
    // Silence is the alarm.
  }
}
