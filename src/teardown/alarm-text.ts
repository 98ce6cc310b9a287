import type { Alarm } from "./teardown-ports.ts";

/** The command that destroys; its user reads the alarm. */
export type Destroyer = "sweep" | "recover" | "down" | "guard";

/**
 * An alarm with advice for its reader.
 * @param locationFlags the options that make `recover` and `down` use the same state folder, with a leading space
 */
export function alarmText(
  { kind, label, message }: Alarm,
  by: Destroyer,
  locationFlags = "",
): string {
  const remedy = {
    refused: () => withToken("a new token of the same user", by, locationFlags),
    wrong_account: () => withToken("a token of the user who rented it", by, locationFlags),
    mismatch: () => "delete it in the Cloud Manager if you no longer need it",
    not_recorded: () => "make room on the disk, or make the state folder writable",
    unconfirmed: () =>
      "nothing new is created until then; you can delete it in the Cloud Manager as well",
  }[kind]();
  return `${label}: ${message}; ${remedy}`;
}

/** `recover` cannot run while a sweep holds the lock of the state folder, but it can take over from a guard. */
function withToken(token: string, by: Destroyer, locationFlags: string): string {
  const verb = by === "down" ? "down" : "recover";
  const command = `maider-sweep ${verb}${locationFlags}`;
  if (by === "guard") return `run ${command} with ${token}: it takes over from this guard`;
  return by === "sweep"
    ? `when this command has ended (Ctrl-C ends it), run ${command} with ${token}`
    : `run ${command} again with ${token}`;
}
