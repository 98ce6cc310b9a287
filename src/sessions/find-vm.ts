import { foldRun, openRentals } from "../run-state/fold-run.ts";
import { readJournal } from "../journal/journal-file.ts";
import { listRuns, runFolder } from "../journal/state-folder.ts";
import { simulatedStateDir } from "../run/locations.ts";
import { findSession, sessionFolders } from "./find-session.ts";
import type { LocatedSession, SessionRental } from "./session.ts";

/** A VM that is up: a session of the Python tool, or a rental of ours, with or without a session. */
export type FoundVm =
  | { readonly kind: "session"; readonly name: string; readonly session: LocatedSession }
  | { readonly kind: "rental"; readonly name: string; readonly rental: SessionRental };

/**
 * @param name a session's name, or the label or run of a held VM; undefined for the current session
 * @throws SweepError exit 2 if there is none
 */
export function findVm(
  name: string | undefined,
  env: NodeJS.ProcessEnv,
  stateDir: string,
  workingDirectory: string,
): FoundVm {
  const held = name === undefined ? undefined : heldRental(name, stateDir);
  if (held !== undefined) return { kind: "rental", name: held.label, rental: held };
  const session = findSession(name, sessionFolders(env, stateDir), workingDirectory);
  const { rental } = session;
  return rental === undefined
    ? { kind: "session", name: session.name, session }
    : { kind: "rental", name: session.name, rental };
}

function heldRental(name: string, stateDir: string): SessionRental | undefined {
  for (const folder of [stateDir, simulatedStateDir(stateDir)]) {
    for (const run of listRuns(folder)) {
      if (name !== run && !name.startsWith(`mds-${run}-`)) continue;
      const open = openRentals(foldRun(readJournal(runFolder(folder, run)).events));
      const rental = open.find(
        ({ label, stage }) => stage === "held" && [label, run].includes(name),
      );
      if (rental !== undefined) return { stateDir: folder, run, label: rental.label };
    }
  }
  return undefined;
}
