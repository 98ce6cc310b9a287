import { locationsFrom } from "../../src/run/locations.ts";
import type { CloudTargetRequest, PlanRequest } from "../../src/run/run-request.ts";

/** What a command line without options asks for, with everything kept in one folder. */
export function planRequest(
  stateDir: string,
  cloud: Partial<CloudTargetRequest> = {},
): PlanRequest {
  return {
    cloud: {
      locations: locationsFrom({ stateDir }, {}),
      simulate: undefined,
      speed: undefined,
      seed: undefined,
      apiUrl: undefined,
      insecureApiUrl: false,
      tokenFile: undefined,
      sshPort: undefined,
      ceilings: undefined,
      ...cloud,
    },
    overrides: {},
    skipFresh: false,
  };
}
