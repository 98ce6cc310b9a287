import type { Clock } from "../../support/clock.ts";
import type { Api, ApiReply, ApiRequest } from "../api/api.ts";
import { defaultBody } from "../api/api-error.ts";
import type { World } from "../world/world.ts";
import type { ApiFaults } from "./api-faults.ts";
import type { ApiFault } from "./fault-scripts.ts";

/** The API with its faults, independent of HTTP. */
export interface FaultyApi {
  readonly clock: () => Clock;
  readonly world: World;
  readonly api: Api;
  readonly faults: ApiFaults;
  /** Aborted when the world ends: delayed replies are dropped. */
  readonly ended?: AbortSignal;
}

/** @returns the reply after the faults were applied; undefined if the connection breaks */
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
    case "status":
      return statusReply(fault);
    case "stale-list":
      return api(call, { staleSeconds: seconds });
    case "wrong-account":
      return api(call, { wrongAccount: true });
    case "down":
      return fault.status === undefined ? undefined : statusReply(fault);
    case "clock-off":
      return api(call, { aheadSeconds: seconds });
  }
  return undefined;
}

function statusReply({
  status = 500,
  body = defaultBody(status),
  headers = {},
}: ApiFault): ApiReply {
  return { status, headers, body };
}
