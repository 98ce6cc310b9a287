import { linearClock, realClock } from "../support/clock.ts";
import type { Clock, LinearTime } from "../support/clock.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import type { Terminal } from "../cli/command.ts";
import { databaseFile, simulatedStateDir, stateDir } from "./paths.ts";
import { isLoopback } from "../support/loopback.ts";
import { joinSimulatedWorld, startSimulatedWorld } from "../simulator/client/simulated-world.ts";
import type { SimulatedWorld } from "../simulator/client/simulated-world.ts";
import { givenHubToken, readToken, runLocalProgram } from "./token.ts";

/** The cloud that a command talks to, and the time that goes with it. */
export interface CloudTarget {
  readonly apiUrl: string;
  /** Undefined when none was given; only reads of public facts work then. */
  readonly token: string | undefined;
  readonly clock: Clock;
  readonly time: LinearTime;
  readonly ceilings: number;
  readonly sshPort: number;
  readonly simulated: SimulatedWorld | undefined;
  readonly stateDir: string;
  readonly databaseFile: string;
  /** Whether gated models can be fetched: HF_TOKEN is set, or the world is simulated and has a token of its own. */
  readonly hubToken: boolean;
}

const LINODE = "https://api.linode.com";

/**
 * @throws SweepError exit 2 for options that contradict each other, exit 4 for a missing token (when `needsToken`)
 *   or a simulated cloud that does not answer.
 */
export async function openCloudTarget(
  options: Readonly<Record<string, unknown>>,
  terminal: Terminal,
  needsToken: boolean,
): Promise<CloudTarget> {
  const simulate = options["simulate"] as string | boolean | undefined;
  const state = stateDir(options, terminal.env);
  checkOptions(options);
  if (simulate !== undefined && simulate !== false) {
    const world =
      typeof simulate === "string"
        ? await joinSimulatedWorld(simulate)
        : await startSimulatedWorld({
            seed: (options["seed"] as number | undefined) ?? 1,
            speed: (options["speed"] as number | "auto" | undefined) ?? "auto",
            env: terminal.env,
          });
    return {
      apiUrl: world.url,
      token: world.token,
      ...clockOf(world.time, options),
      sshPort: world.sshPort,
      simulated: world,
      stateDir: simulatedStateDir(state),
      databaseFile: databaseFile(options, terminal.env, true),
      hubToken: true,
    };
  }
  const apiUrl = ((options["apiUrl"] as string | undefined) ?? LINODE).replace(/\/+$/, "");
  const tokenFile = options["tokenFile"] as string | undefined;
  const given = [tokenFile, terminal.env["LINODE_TOKEN"], terminal.env["LINODE_CLI_TOKEN"]];
  const token =
    needsToken || given.some((source) => (source ?? "") !== "")
      ? await readToken({ env: terminal.env, tokenFile, run: runLocalProgram })
      : undefined;
  const ceilings = (options["ceilings"] as number | undefined) ?? 1;
  return {
    apiUrl,
    token,
    clock: realClock(ceilings),
    time: { v0: 0, w0: 0, speed: 1 },
    ceilings,
    sshPort: (options["sshPort"] as number | undefined) ?? 22,
    simulated: undefined,
    stateDir: state,
    databaseFile: databaseFile(options, terminal.env, false),
    hubToken: givenHubToken(terminal.env) !== undefined,
  };
}

/** The same far side once the speed of its clock is settled. */
export async function withSpeed(
  target: CloudTarget,
  speed: number,
  options: Readonly<Record<string, unknown>>,
): Promise<CloudTarget> {
  if (target.simulated === undefined || !target.simulated.isSpeedOpen) return target;
  return { ...target, ...clockOf(await target.simulated.setSpeed(speed), options) };
}

function clockOf(
  time: LinearTime,
  options: Readonly<Record<string, unknown>>,
): Pick<CloudTarget, "clock" | "time" | "ceilings"> {
  const ceilings = (options["ceilings"] as number | undefined) ?? 1;
  return { clock: linearClock(time, ceilings), time, ceilings };
}

function checkOptions(options: Readonly<Record<string, unknown>>): void {
  const simulate = options["simulate"];
  const bad = (message: string, hint: string): never => {
    throw new SweepError(message, { exitCode: ExitCode.usage, hint });
  };
  const apiUrl = options["apiUrl"] as string | undefined;
  if (simulate !== undefined && apiUrl !== undefined)
    bad("--simulate and --api-url exclude each other", "give one");
  for (const name of ["speed", "seed"]) {
    if (options[name] === undefined) continue;
    if (simulate === undefined)
      bad(`--${name} is for --simulate`, "add --simulate, or leave it out");
    if (typeof simulate === "string") {
      bad(
        `--${name} cannot change a simulated cloud that runs already`,
        "give it to `maider-sweep simulator`",
      );
    }
  }
  if (apiUrl !== undefined && !isLoopback(apiUrl) && options["insecureApiUrl"] !== true) {
    bad(
      `--api-url ${apiUrl} is not a loopback address`,
      "your token would go there; --insecure-api-url allows it",
    );
  }
  const loopback = simulate !== undefined || (apiUrl !== undefined && isLoopback(apiUrl));
  if (options["ceilings"] !== undefined && !loopback)
    bad("--ceilings is for tests", "it needs a loopback API");
}
