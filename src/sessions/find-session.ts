import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { ExitCode, SweepError } from "../support/errors.ts";
import { ENV_FILE, parseSession, RENTAL_FILE, STATE_FILE } from "./session-files.ts";
import type { LocatedSession } from "./session.ts";

/** Where sessions lie: those of the Python tool and of our real VMs, and those of simulated ones. */
export interface SessionPlaces {
  readonly real: string;
  readonly simulated: string;
}

/** @param stateDir as `stateDir` of `paths.ts` gives it */
export function sessionPlaces(env: NodeJS.ProcessEnv, stateDir: string): SessionPlaces {
  return {
    real: join(env["HOME"] ?? homedir(), ".cache", "linode-vms"),
    simulated: join(stateDir, "simulated", "sessions"),
  };
}

/** All sessions that can be read, real ones first, by name. */
export function listSessions(places: SessionPlaces): readonly LocatedSession[] {
  return [places.real, places.simulated].flatMap((place) =>
    namesIn(place).flatMap((name) => readSession(join(place, name), places) ?? []),
  );
}

/**
 * The session of a name, or the current one: that which the symbolic link `.aider-env` in the working directory
 * points into. @throws SweepError when there is none.
 */
export function findSession(
  name: string | undefined,
  places: SessionPlaces,
  workingDirectory: string,
): LocatedSession {
  if (name === undefined) {
    const current = currentSession(places, workingDirectory);
    if (current !== undefined) return current;
    throw new SweepError("No current session set", {
      exitCode: ExitCode.usage,
      reason: ".aider-env in this folder is no symbolic link into a session's folder",
      hint: `name one${known(places)}; benchmark takes any server by --api-base`,
    });
  }
  const found = [places.real, places.simulated]
    .filter(() => isPlainName(name))
    .map((place) => readSession(join(place, name), places))
    .find((session) => session !== undefined);
  if (found !== undefined) return found;
  throw new SweepError(`Session '${name}' not found`, {
    exitCode: ExitCode.usage,
    reason: `no readable ${STATE_FILE} in ${join(places.real, name)}`,
    hint: `maider-sweep list shows what is up${known(places)}`,
  });
}

function currentSession(
  places: SessionPlaces,
  workingDirectory: string,
): LocatedSession | undefined {
  let target: string;
  try {
    target = readlinkSync(join(workingDirectory, ".aider-env"));
  } catch {
    return undefined;
  }
  return readSession(dirname(resolve(workingDirectory, target)), places);
}

function readSession(folder: string, places: SessionPlaces): LocatedSession | undefined {
  const state = textOf(join(folder, STATE_FILE));
  if (state === undefined) return undefined;
  const session = parseSession({
    [STATE_FILE]: state,
    [ENV_FILE]: textOf(join(folder, ENV_FILE)),
    [RENTAL_FILE]: textOf(join(folder, RENTAL_FILE)),
  });
  if (session === undefined) return undefined;
  return {
    ...session,
    name: basename(folder),
    folder,
    simulated: dirname(folder) === places.simulated,
  };
}

function namesIn(place: string): readonly string[] {
  try {
    return readdirSync(place).toSorted();
  } catch {
    return [];
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function isPlainName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\\\0]/.test(name);
}

function known(places: SessionPlaces): string {
  const names = listSessions(places).map(({ name }) => name);
  return names.length === 0 ? "" : `; there are ${names.slice(0, 5).join(", ")}`;
}
