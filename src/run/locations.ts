import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** Where this machine keeps its state and its results; absolute paths. */
export interface Locations {
  /** Journals and locks of real runs. Those of simulated runs are in a folder inside it. */
  readonly stateDir: string;
  /** The database of real results. */
  readonly databaseFile: string;
  /** The database of simulated results. */
  readonly simulatedDatabaseFile: string;
}

/** A database, and the state folder whose journals are the truth about its records. */
export interface DatabaseLocation {
  readonly file: string;
  readonly stateDir: string;
}

/**
 * The defaults are `$XDG_STATE_HOME/maider-sweep` and the database that the Python tool reads.
 * @param given `--state-dir` and `--db`; they override `MAIDER_SWEEP_STATE` and `MAIDER_SWEEP_DB`. A database that is
 *   named holds real and simulated results alike.
 */
export function locationsFrom(
  given: { readonly stateDir?: string | undefined; readonly databaseFile?: string | undefined },
  env: NodeJS.ProcessEnv,
): Locations {
  const home = env["HOME"] ?? homedir();
  const stateHome = nonEmpty(env["XDG_STATE_HOME"]) ?? join(home, ".local", "state");
  const state = nonEmpty(given.stateDir) ?? nonEmpty(env["MAIDER_SWEEP_STATE"]);
  const database = resolve(
    nonEmpty(env["MAIDER_SWEEP_DB"]) ??
      join(home, ".cache", "linode-vms", "benchmark-database.json"),
  );
  const named = given.databaseFile === undefined ? undefined : resolve(given.databaseFile);
  return {
    stateDir: state === undefined ? join(stateHome, "maider-sweep") : resolve(state),
    databaseFile: named ?? database,
    simulatedDatabaseFile: named ?? join(dirname(database), "benchmark-database.simulated.json"),
  };
}

export function databaseLocation(locations: Locations, simulated: boolean): DatabaseLocation {
  const { databaseFile, simulatedDatabaseFile, stateDir } = locations;
  return { file: simulated ? simulatedDatabaseFile : databaseFile, stateDir };
}

/** Simulated runs have journals, a lock and a ledger of their own. */
export function simulatedStateDir(stateDir: string): string {
  return join(stateDir, "simulated");
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
