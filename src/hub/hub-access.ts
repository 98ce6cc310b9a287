import { isLoopback } from "../support/loopback.ts";
import { readHubToken, runLocalProgram } from "../run/token.ts";

const HUB = "https://huggingface.co";

export interface HubAccess {
  /** `https://huggingface.co`, or `HF_ENDPOINT`. */
  readonly endpoint: string;
  /** Nothing leaves this machine for a cloud that is on it; a hub that is on it too may be asked. */
  readonly mayAsk: boolean;
  /** The token of `HF_TOKEN`, but in a simulation, where no real one is read. @throws SweepError exit 4 */
  readonly token: () => Promise<string | undefined>;
}

export function hubAccess(
  options: Readonly<Record<string, unknown>>,
  env: NodeJS.ProcessEnv,
): HubAccess {
  const endpoint = (env["HF_ENDPOINT"] ?? HUB).replace(/\/+$/, "");
  const simulated = options["simulate"] !== undefined;
  const local = simulated || isLoopback((options["apiUrl"] as string | undefined) ?? "");
  return {
    endpoint,
    mayAsk: !local || isLoopback(endpoint),
    token: async () => (simulated ? undefined : readHubToken({ env, run: runLocalProgram })),
  };
}
