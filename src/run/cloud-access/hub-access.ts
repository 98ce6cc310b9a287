import type { HubAccess } from "../../hub/known-models.ts";
import { isLoopback } from "../../support/loopback.ts";
import type { CloudTargetRequest } from "../run-request.ts";
import { readHubToken, runLocalProgram } from "./token.ts";

const HUB = "https://huggingface.co";

/**
 * If the cloud is on this machine, as in a simulation, only a hub on this machine may be asked, because no request may
 * leave it. A simulation never reads a real token.
 */
export function hubAccess(
  { simulate, apiUrl = "" }: Pick<CloudTargetRequest, "simulate" | "apiUrl">,
  env: NodeJS.ProcessEnv,
): HubAccess {
  const endpoint = (env["HF_ENDPOINT"] ?? HUB).replace(/\/+$/, "");
  const simulated = simulate !== undefined;
  const mayAsk = !(simulated || isLoopback(apiUrl)) || isLoopback(endpoint);
  return {
    endpoint,
    offlineReason: mayAsk
      ? undefined
      : simulated
        ? "a simulation does not contact the Hub: run `estimate` once without --simulate"
        : "with a local --api-url the Hub is not contacted: run `estimate` once without --api-url",
    token: async () => (simulated ? undefined : readHubToken({ env, run: runLocalProgram })),
  };
}
