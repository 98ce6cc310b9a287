import type { Clock } from "../../support/clock.ts";
import type { Api, ApiReply, ApiRequest } from "../api/api.ts";
import type { ApiFaults } from "./faults.ts";
import { usualBody } from "../api/api-error.ts";
import type { World } from "../world/world.ts";

/** What stands between a client and the API, whatever carries the requests. */
export interface FaultyApi {
  readonly clock: () => Clock;
  readonly world: World;
  readonly api: Api;
  readonly faults: ApiFaults;
  /** The world ends: nobody waits for its slow answers any more. */
  readonly ended?: AbortSignal;
}

/** The answer as the fault scripts let it come; nothing where the connection breaks. */
export async function applyFault(
  { api, world, clock, faults, ended }: FaultyApi,
  call: ApiRequest,
): Promise<ApiReply | undefined> {
  const fault = faults.claim(call.method, call.path);
  if (fault === undefined) return api(call);
  const { seconds = 60 } = fault;
  switch (fault.action) {
    case "drop-before":
      break;
    case "commit-then-drop":
      api(call);
      break;
    case "commit-later":
      world.after(seconds, () => api(call));
      break;
    case "delay": {
      const reply = api(call);
      await clock().sleep(seconds * 1_000, ended);
      return reply;
    }
    case "status": {
      const { status = 500, body = usualBody(fault.status ?? 500), headers = {} } = fault;
      return { status, headers, body };
    }
    case "stale-list":
      return api(call, { staleSeconds: seconds });
    case "wrong-account":
      return api(call, { wrongAccount: true });
  }
  return undefined;
}
