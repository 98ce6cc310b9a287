import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { ExitCode, SweepError } from "../support/errors.ts";
import { ENV_FILE, parseSession, RENTAL_FILE, STATE_FILE } from "./session-files.ts";
import type { LocatedSession } from "./session.ts";

/** The folders in which each session has a folder of its own. */
export interface SessionFolders {
  /** Sessions of the Python tool and of our real VMs. */
  readonly real: string;
  readonly simulated: string;
}

export function sessionFolders(env: NodeJS.ProcessEnv, stateDir: string): SessionFolders {
  return {
    real: join(env["HOME"] ?? homedir(), ".cache", "linode-vms"),
    simulated: join(stateDir, "simulated", "sessions"),
  };
}

/** Lists the sessions that can be read: real ones first, each group sorted by name. */
export function listSessions(folders: SessionFolders): readonly LocatedSession[] {
  return [folders.real, folders.simulated].flatMap((parent) =>
    namesIn(parent).flatMap((name) => readSession(join(parent, name), folders) ?? []),
  );
}

/**
 * Finds a session by its name. Without a name it is the current session: the one that the symbolic link `.aider-env`
 * in the working directory points into. @throws SweepError exit 2 if there is none
 */
export function findSession(
  name: string | undefined,
  folders: SessionFolders,
  workingDirectory: string,
): LocatedSession {
  if (name === undefined) {
    const current = currentSession(folders, workingDirectory);
    if (current !== undefined) return current;
    throw new SweepError("No current session set", {
      exitCode: ExitCode.usage,
      reason: "the current folder has no symbolic link .aider-env to a session",
      hint: `name a session${available(folders)}; or name a server: maider-sweep benchmark --api-base URL`,
    });
  }
  const found = isPlainName(name)
    ? (readSession(join(folders.real, name), folders) ??
      readSession(join(folders.simulated, name), folders))
    : undefined;
  if (found !== undefined) return found;
  throw new SweepError(`Session '${name}' not found`, {
    exitCode: ExitCode.usage,
    reason: `neither ${folders.real} nor ${folders.simulated} has a folder of that name with a readable ${STATE_FILE}`,
    hint: `maider-sweep list shows the VMs that are up${available(folders)}`,
  });
}

/** The session of a VM that `up` rented in this run. */
export function sessionOfRun(run: string, folders: SessionFolders): LocatedSession | undefined {
  return listSessions(folders).find(({ rental }) => rental?.run === run);
}

function currentSession(
  folders: SessionFolders,
  workingDirectory: string,
): LocatedSession | undefined {
  let target: string;
  try {
    target = readlinkSync(join(workingDirectory, ".aider-env"));
  } catch {
    return undefined;
  }
  return readSession(dirname(resolve(workingDirectory, target)), folders);
}

function readSession(folder: string, folders: SessionFolders): LocatedSession | undefined {
  const state = readIfExists(join(folder, STATE_FILE));
  if (state === undefined) return undefined;
  const session = parseSession({
    [STATE_FILE]: state,
    [ENV_FILE]: readIfExists(join(folder, ENV_FILE)),
    [RENTAL_FILE]: readIfExists(join(folder, RENTAL_FILE)),
  });
  if (session === undefined) return undefined;
  return {
    ...session,
    name: basename(folder),
    folder,
    simulated: dirname(folder) === folders.simulated,
  };
}

function namesIn(parent: string): readonly string[] {
  try {
    return readdirSync(parent).toSorted();
  } catch {
    return [];
  }
}

function readIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function isPlainName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\\\0]/.test(name);
}

function available(folders: SessionFolders): string {
  const names = listSessions(folders).map(({ name }) => name);
  return names.length === 0 ? "" : `; available sessions: ${names.slice(0, 5).join(", ")}`;
}
