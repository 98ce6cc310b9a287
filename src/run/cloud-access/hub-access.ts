import type { HubAccess } from "../../hub/known-models.ts";
import { isLoopback } from "../../support/loopback.ts";
import type { CloudTargetRequest } from "../run-request.ts";
import { readHubToken, runLocalProgram } from "./token.ts";

const HUB = "https://huggingface.co";

/**
 * Nothing leaves this machine for a cloud that is on it, so only a hub that is on it too may be asked then; and a
 * simulation reads no real token.
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
        ? "a simulation does not ask the Hub: run `estimate` once without --simulate"
        : "the Hub is not asked while the API of --api-url is on this machine: run `estimate` once without --api-url",
    token: async () => (simulated ? undefined : readHubToken({ env, run: runLocalProgram })),
  };
}
