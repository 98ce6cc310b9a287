import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { speak, type Spoken } from "../cli/fake-terminal.ts";
import { restoreRun, type Recording } from "./restore-run.ts";

/** A recording in a folder of its own, whose simulated world is gone. */
export interface RestoredPlace extends Disposable {
  readonly folder: string;
  /** The simulated one inside the state folder. */
  readonly stateDir: string;
  readonly database: string;
  /** Runs a command line of the program in this process. */
  say(...argv: readonly string[]): Promise<Spoken>;
}

export function restoredPlace(recording: Recording): RestoredPlace {
  const folder = mkdtempSync(join(tmpdir(), "mds-recording-"));
  restoreRun(recording, folder);
  return {
    folder,
    stateDir: join(folder, "state", "simulated"),
    database: join(folder, "benchmark-database.simulated.json"),
    say: (...argv) =>
      speak(argv, {
        HOME: folder,
        MAIDER_SWEEP_STATE: join(folder, "state"),
        MAIDER_SWEEP_DB: join(folder, "benchmark-database.json"),
      }),
    [Symbol.dispose]: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
