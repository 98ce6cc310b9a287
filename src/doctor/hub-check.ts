import type { CoveragePlan } from "../plan/coverage-plan.ts";
import { errorText } from "../support/errors.ts";
import { hubAccess } from "../run/cloud-access/hub-access.ts";
import type { CloudTargetRequest } from "../run/run-request.ts";
import { givenHubToken } from "../run/cloud-access/token.ts";
import { ok, problem, warning, type Check } from "./check.ts";
import { explained } from "./cloud-checks.ts";

const CHECK = "hugging face";
const TIMEOUT_MS = 15_000;

/** Whether gated models can be downloaded: distinguishes no token, a bad one, one without access, and no answer. */
export async function checkHub(
  plan: CoveragePlan | undefined,
  cloud: CloudTargetRequest,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Check> {
  const models = (plan?.entries ?? []).flatMap(({ configurations }) => configurations);
  const gated = [
    ...new Set(models.filter(({ model }) => model.gated).map(({ model }) => model.id)),
  ];
  const there = givenHubToken(env) !== undefined;
  if (gated.length === 0) return ok(CHECK, `${there ? "a" : "no"} token, and none is needed`);
  if (!there)
    return problem(
      CHECK,
      `gated: ${gated.join(", ")}; HF_TOKEN is not set`,
      "accept the licences on huggingface.co and set HF_TOKEN to a read token",
    );
  const { endpoint, offlineReason, token } = hubAccess(cloud, env);
  try {
    const secret = await token();
    if (secret === undefined || offlineReason !== undefined)
      return ok(
        CHECK,
        `a token for ${gated.join(", ")}; the Hub is not asked for a cloud on this machine`,
      );
    return verdict(await statusesOf(gated, endpoint, secret, signal));
  } catch (error) {
    signal.throwIfAborted();
    return explained(CHECK, error, "read HF_TOKEN");
  }
}

/** For each model the Hub's answer to this token, or why there is none. */
async function statusesOf(
  ids: readonly string[],
  endpoint: string,
  token: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number | string>> {
  const statuses = new Map<string, number | string>();
  for (const id of ids) {
    try {
      const reply = await fetch(`${endpoint}/${id}/resolve/main/config.json`, {
        method: "HEAD",
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      statuses.set(id, reply.status);
    } catch (error) {
      signal.throwIfAborted();
      statuses.set(id, errorText(error));
    }
  }
  return statuses;
}

function verdict(statuses: ReadonlyMap<string, number | string>): Check {
  const those = (fits: (status: number | string) => boolean): string =>
    [...statuses].flatMap(([id, status]) => (fits(status) ? [id] : [])).join(", ");
  if (those((status) => status === 401) !== "")
    return problem(
      CHECK,
      "the Hub does not know the token of HF_TOKEN (401)",
      "make a new read token on huggingface.co/settings/tokens",
    );
  const refused = those((status) => status === 403 || status === 404);
  if (refused !== "")
    return problem(
      CHECK,
      `HF_TOKEN is set, but its account has no access to ${refused}`,
      "accept the licence on the model's page with that account; a fine-grained token also needs access to gated repositories",
    );
  const unasked = [...statuses].filter(([, status]) => typeof status === "string" || status >= 400);
  if (unasked.length > 0)
    return warning(
      CHECK,
      `could not be asked about ${unasked.map(([id, why]) => `${id} (${String(why)})`).join(", ")}`,
      "check the network and the proxy",
    );
  return ok(CHECK, `access to ${those(() => true)}`);
}
