import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { errorText } from "../support/errors.ts";
import { writeFileAtomically } from "../support/safe-file.ts";
import type { UserService } from "./service-url.ts";

export const NOTIFICATION: UserService = {
  name: "notification",
  option: "--notify",
  variable: "MAIDER_SWEEP_NOTIFY",
};

/** In a run's folder until the notification is sent, so that the process that ends the run can send it. */
const FILE = "notify";
const TIMEOUT_MS = 5_000;

/** Keeps the address for the end of the run. */
export async function saveNotification(folder: string, url: string): Promise<void> {
  await writeFileAtomically(join(folder, FILE), url);
}

/**
 * Posts the summary of a run as JSON, at most once: to the saved address, which is removed.
 * @returns why it was not sent, without the address, which may contain a secret; undefined if it was, or if there is
 *   nothing to send. Never throws.
 */
export async function sendNotification(
  folder: string,
  summary: () => object,
): Promise<string | undefined> {
  const file = join(folder, FILE);
  let url: string;
  try {
    url = readFileSync(file, "utf8");
    rmSync(file);
  } catch {
    return undefined;
  }
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(summary()),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response.ok ? undefined : `the service answered ${String(response.status)}`;
  } catch (error) {
    return errorText(error).replaceAll(url, "its address");
  }
}
