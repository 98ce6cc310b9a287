import {
  joinSimulatedWorld,
  startSimulatedWorld,
  type SimulatedWorld,
} from "../../simulator/client/simulated-world.ts";
import {
  linearClock,
  REAL_TIME,
  realClock,
  type Clock,
  type LinearTime,
} from "../../support/clock.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { isLoopback } from "../../support/loopback.ts";
import { simulatedStateDir, type Locations } from "../locations.ts";
import type { CloudTargetRequest } from "../run-request.ts";
import { givenHubToken, readToken, runLocalProgram } from "./token.ts";

/** The cloud that a command uses, with its clock. */
export interface CloudTarget {
  readonly apiUrl: string;
  /** If undefined, only public information can be read. */
  readonly token: string | undefined;
  readonly clock: Clock;
  readonly time: LinearTime;
  /** Factor on every timeout. */
  readonly ceilings: number;
  readonly sshPort: number;
  readonly simulated: SimulatedWorld | undefined;
  /** The folder with the runs of this cloud. */
  readonly stateDir: string;
  /** The database of this cloud's results. */
  readonly databaseFile: string;
  /** Whether gated models can be downloaded: HF_TOKEN is set, or the cloud is simulated. */
  readonly hasHubToken: boolean;
}

const LINODE = "https://api.linode.com";

/**
 * @throws SweepError exit 2 for a request that contradicts itself, exit 4 for a missing token (when `needsToken`) or a
 *   simulated cloud that does not answer.
 */
export async function openCloudTarget(
  request: CloudTargetRequest,
  env: NodeJS.ProcessEnv,
  needsToken: boolean,
): Promise<CloudTarget> {
  checkRequest(request);
  const { ceilings = 1, locations, seed = 1, simulate, speed = "auto", tokenFile } = request;
  if (simulate !== undefined) {
    const world =
      simulate === true
        ? await startSimulatedWorld({ seed, speed, env })
        : await joinSimulatedWorld(simulate);
    return {
      apiUrl: world.url,
      token: world.token,
      clock: linearClock(world.time, ceilings),
      time: world.time,
      ceilings,
      sshPort: world.sshPort,
      simulated: world,
      ...simulatedPlaces(locations),
      hasHubToken: true,
    };
  }
  const given = [tokenFile, env["LINODE_TOKEN"], env["LINODE_CLI_TOKEN"]];
  const token =
    needsToken || given.some((source) => (source ?? "") !== "")
      ? await readToken({ env, tokenFile, run: runLocalProgram })
      : undefined;
  return {
    apiUrl: (request.apiUrl ?? LINODE).replace(/\/+$/, ""),
    token,
    clock: realClock(ceilings),
    time: REAL_TIME,
    ceilings,
    sshPort: request.sshPort ?? 22,
    simulated: undefined,
    stateDir: locations.stateDir,
    databaseFile: locations.databaseFile,
    hasHubToken: givenHubToken(env) !== undefined,
  };
}

/** Sets the speed of a simulated clock, unless other processes use it as well. */
export async function withSpeed(target: CloudTarget, speed: number): Promise<CloudTarget> {
  if (target.simulated === undefined || !target.simulated.isSpeedOpen) return target;
  const time = await target.simulated.setSpeed(speed);
  return { ...target, time, clock: linearClock(time, target.ceilings) };
}

/** A target for closing runs whose simulated world has ended; no request to it succeeds. */
export function endedWorldTarget(locations: Locations): CloudTarget {
  return {
    apiUrl: "http://127.0.0.1:9",
    token: undefined,
    clock: realClock(),
    time: REAL_TIME,
    ceilings: 1,
    sshPort: 0,
    simulated: undefined,
    ...simulatedPlaces(locations),
    hasHubToken: true,
  };
}

function simulatedPlaces(locations: Locations): Pick<CloudTarget, "stateDir" | "databaseFile"> {
  return {
    stateDir: simulatedStateDir(locations.stateDir),
    databaseFile: locations.simulatedDatabaseFile,
  };
}

function checkRequest(request: CloudTargetRequest): void {
  const { apiUrl, ceilings, insecureApiUrl, simulate } = request;
  if (simulate !== undefined && apiUrl !== undefined)
    throw usage("--simulate and --api-url exclude each other", "give one");
  for (const name of ["speed", "seed"] as const) {
    if (request[name] === undefined) continue;
    if (simulate === undefined)
      throw usage(`--${name} is for --simulate`, "add --simulate, or leave it out");
    if (simulate !== true)
      throw usage(
        `--${name} cannot change a simulated cloud that runs already`,
        "give it to `maider-sweep simulator`",
      );
  }
  if (apiUrl !== undefined && !isLoopback(apiUrl) && !insecureApiUrl)
    throw usage(
      `--api-url ${apiUrl} is not a loopback address`,
      "your token would go there; --insecure-api-url allows it",
    );
  const onThisMachine = simulate !== undefined || (apiUrl !== undefined && isLoopback(apiUrl));
  if (ceilings !== undefined && !onThisMachine)
    throw usage("--ceilings is for tests", "it needs a loopback API");
}

function usage(message: string, hint: string): SweepError {
  return new SweepError(message, { exitCode: ExitCode.usage, hint });
}
