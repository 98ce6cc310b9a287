import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** Where journals and locks live. Simulated runs have a folder, a lock and a ledger of their own inside it. */
export function stateDir(
  options: Readonly<Record<string, unknown>>,
  env: NodeJS.ProcessEnv,
): string {
  const given = (options["stateDir"] as string | undefined) ?? env["MAIDER_SWEEP_STATE"];
  if (given !== undefined && given !== "") return resolve(given);
  const base = env["XDG_STATE_HOME"];
  const home =
    base !== undefined && base !== "" ? base : join(env["HOME"] ?? homedir(), ".local", "state");
  return join(home, "maider-sweep");
}

export function simulatedStateDir(state: string): string {
  return join(state, "simulated");
}

/** The database that the Python tool reads; simulated results never go there unless `--db` names it. */
export function databaseFile(
  options: Readonly<Record<string, unknown>>,
  env: NodeJS.ProcessEnv,
  simulated: boolean,
): string {
  const given = options["db"];
  // `--no-db` of the measuring verbs makes it false.
  if (typeof given === "string") return resolve(given);
  const fromEnv = env["MAIDER_SWEEP_DB"];
  const real =
    fromEnv !== undefined && fromEnv !== ""
      ? resolve(fromEnv)
      : join(env["HOME"] ?? homedir(), ".cache", "linode-vms", "benchmark-database.json");
  return simulated ? join(dirname(real), "benchmark-database.simulated.json") : real;
}
