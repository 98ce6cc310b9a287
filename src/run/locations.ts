import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** Absolute paths of the state and the results. */
export interface Locations {
  /** Journals and locks of real runs, with a subfolder for simulated runs. */
  readonly stateDir: string;
  /** The database of real results. */
  readonly databaseFile: string;
  /** The database of simulated results. */
  readonly simulatedDatabaseFile: string;
}

/** A database, and the state folder whose journals have its records. */
export interface DatabaseLocation {
  readonly file: string;
  readonly stateDir: string;
}

/**
 * The defaults are `$XDG_STATE_HOME/maider-sweep` and the database that the Python tool reads.
 * @param options `--state-dir` and `--db`, which override `MAIDER_SWEEP_STATE` and `MAIDER_SWEEP_DB`. A database set with
 *   `--db` is used for both real and simulated results.
 */
export function locationsFrom(
  options: { readonly stateDir?: string | undefined; readonly databaseFile?: string | undefined },
  env: NodeJS.ProcessEnv,
): Locations {
  const home = env["HOME"] ?? homedir();
  const stateHome = nonEmpty(env["XDG_STATE_HOME"]) ?? join(home, ".local", "state");
  const state = nonEmpty(options.stateDir) ?? nonEmpty(env["MAIDER_SWEEP_STATE"]);
  const database = resolve(
    nonEmpty(env["MAIDER_SWEEP_DB"]) ??
      join(home, ".cache", "linode-vms", "benchmark-database.json"),
  );
  const named = options.databaseFile === undefined ? undefined : resolve(options.databaseFile);
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

/** The state folder of simulated runs, which have their own journals, lock and ledger. */
export function simulatedStateDir(stateDir: string): string {
  return join(stateDir, "simulated");
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
