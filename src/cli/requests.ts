import {
  databaseLocation,
  locationsFrom,
  type DatabaseLocation,
  type Locations,
} from "../run/locations.ts";
import {
  DESTROY_PATIENCE_MS,
  type CloudTargetRequest,
  type PlanRequest,
  type RunRequest,
} from "../run/run-request.ts";
import { microUsd } from "../support/money.ts";
import { shellWord } from "../support/shell-word.ts";
import type { Terminal } from "./terminal.ts";

const MINUTE_MS = 60_000;

/** The options that several verbs share; dollars, hours and minutes. */
interface SharedOptions {
  readonly apiUrl?: string;
  readonly ceilings?: number;
  readonly concurrency?: number;
  /** `--no-db` of the measuring verbs makes it false. */
  readonly db?: string | false;
  readonly destroyPatience?: number;
  readonly detach?: true;
  readonly heartbeatUrl?: string;
  readonly notify?: string;
  readonly hold?: number;
  readonly insecureApiUrl?: true;
  readonly keepOnFailure?: number;
  readonly maxCost?: number;
  readonly maxHours?: number;
  readonly only?: string;
  readonly passes?: number;
  readonly seed?: number;
  readonly simulate?: true | string;
  readonly skipFresh?: true;
  readonly speed?: number | "auto";
  readonly sshCidr?: string;
  readonly sshPort?: number;
  readonly stateDir?: string;
  readonly tokenFile?: string;
}

/** The call of a verb, as far as it says where and on which cloud. */
export interface SharedCall {
  readonly options: SharedOptions;
  readonly terminal: Pick<Terminal, "env">;
}

export function locationsOf(call: SharedCall): Locations {
  const { db, stateDir } = call.options;
  const databaseFile = db === false ? undefined : db;
  return locationsFrom({ stateDir, databaseFile }, call.terminal.env);
}

/** The database that a verb speaks of: that of simulated results with `--simulate`. */
export function databaseOf(call: SharedCall): DatabaseLocation {
  return databaseLocation(locationsOf(call), call.options.simulate !== undefined);
}

/** The options that name a place, for a command line that is to find the same: ` --db FILE --state-dir FOLDER`. */
export function locationFlags({ db, stateDir }: Pick<SharedOptions, "db" | "stateDir">): string {
  return Object.entries({ "--db": db, "--state-dir": stateDir })
    .map(([flag, place]) => (typeof place === "string" ? ` ${flag} ${shellWord(place)}` : ""))
    .join("");
}

export function cloudRequest(call: SharedCall): CloudTargetRequest {
  const { apiUrl, ceilings, insecureApiUrl, seed, simulate, speed, sshPort, tokenFile } =
    call.options;
  return {
    locations: locationsOf(call),
    simulate,
    speed,
    seed,
    apiUrl,
    insecureApiUrl: insecureApiUrl === true,
    tokenFile,
    sshPort,
    ceilings,
  };
}

export function planRequest(call: SharedCall): PlanRequest {
  const { concurrency, maxCost, maxHours, only, passes, skipFresh, sshCidr } = call.options;
  return {
    cloud: cloudRequest(call),
    overrides: {
      maxCost: maxCost === undefined ? undefined : microUsd(maxCost),
      concurrency,
      passes,
      only,
      maxHours,
      sshCidr,
    },
    skipFresh: skipFresh === true,
  };
}

export function runRequest(
  call: SharedCall & { readonly argv: readonly string[] },
): Omit<RunRequest, "subject"> {
  const { detach, heartbeatUrl, hold = 0, keepOnFailure = 0, notify } = call.options;
  return {
    ...planRequest(call),
    holdMs: hold * MINUTE_MS,
    keepOnFailureMs: keepOnFailure * MINUTE_MS,
    destroyPatienceMs: destroyPatienceMs(call),
    heartbeatUrl,
    notifyUrl: notify,
    detach: detach === true ? { argv: call.argv } : undefined,
  };
}

export function destroyPatienceMs(call: SharedCall): number {
  const { destroyPatience } = call.options;
  return destroyPatience === undefined ? DESTROY_PATIENCE_MS : destroyPatience * MINUTE_MS;
}
