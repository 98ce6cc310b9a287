import { realClock } from "../support/clock.ts";
import type { CommandCall } from "../cli/command.ts";
import type { CloudTarget } from "./cloud-target.ts";
import { databaseFile, simulatedStateDir, stateDir } from "./paths.ts";

/** The far side of runs whose simulated world is gone: only their books are left to be closed. */
export function endedWorldTarget({ options, terminal }: CommandCall): CloudTarget {
  return {
    apiUrl: "http://127.0.0.1:9",
    token: undefined,
    clock: realClock(),
    time: { v0: 0, w0: 0, speed: 1 },
    ceilings: 1,
    sshPort: 0,
    simulated: undefined,
    stateDir: simulatedStateDir(stateDir(options, terminal.env)),
    databaseFile: databaseFile(options, terminal.env, true),
    hubToken: true,
  };
}
