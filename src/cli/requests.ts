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
import type { CommandCall } from "./command.ts";

type Asked = Pick<CommandCall, "options" | "terminal">;

const MINUTE_MS = 60_000;

/** The options that several verbs share, as their parsers leave them; dollars, hours and minutes. */
interface SharedOptions {
  readonly apiUrl?: string;
  readonly ceilings?: number;
  readonly concurrency?: number;
  /** `--no-db` of the measuring verbs makes it false. */
  readonly db?: string | false;
  readonly destroyPatience?: number;
  readonly detach?: true;
  readonly heartbeatUrl?: string;
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

/** Typed requests from the options that commander has parsed: behind this file no option is read by its name. */
export function locationsOf(call: Asked): Locations {
  const { db, stateDir } = shared(call);
  const databaseFile = db === false ? undefined : db;
  return locationsFrom({ stateDir, databaseFile }, call.terminal.env);
}

/** The database that a verb speaks of: that of simulated results with `--simulate`. */
export function databaseOf(call: Asked): DatabaseLocation {
  return databaseLocation(locationsOf(call), shared(call).simulate !== undefined);
}

export function cloudRequest(call: Asked): CloudTargetRequest {
  const { apiUrl, ceilings, insecureApiUrl, seed, simulate, speed, sshPort, tokenFile } =
    shared(call);
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

export function planRequest(call: Asked): PlanRequest {
  const { concurrency, maxCost, maxHours, only, passes, skipFresh, sshCidr } = shared(call);
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

export function runRequest(call: CommandCall): Omit<RunRequest, "subject"> {
  const { detach, heartbeatUrl, hold = 0, keepOnFailure = 0 } = shared(call);
  return {
    ...planRequest(call),
    holdMs: hold * MINUTE_MS,
    keepOnFailureMs: keepOnFailure * MINUTE_MS,
    destroyPatienceMs: destroyPatienceMs(call),
    heartbeatUrl,
    detach: detach === true ? { argv: call.argv } : undefined,
  };
}

export function destroyPatienceMs(call: Asked): number {
  const { destroyPatience } = shared(call);
  return destroyPatience === undefined ? DESTROY_PATIENCE_MS : destroyPatience * MINUTE_MS;
}

function shared({ options }: Asked): SharedOptions {
  return options;
}
