import type { CoveragePlan } from "../plan/coverage-plan.ts";
import { errorText } from "../support/errors.ts";
import { hubAccess } from "../run/cloud-access/hub-access.ts";
import type { CloudTargetRequest } from "../run/run-request.ts";
import { givenHubToken } from "../run/cloud-access/token.ts";
import { ok, problem, warning, type Check } from "./check.ts";
import { failedCheck } from "./cloud-checks.ts";

const CHECK = "hugging face";
const TIMEOUT_MS = 15_000;

/** Checks that the plan's gated models can be downloaded with HF_TOKEN. */
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
  const hasToken = givenHubToken(env) !== undefined;
  if (gated.length === 0)
    return ok(CHECK, `HF_TOKEN is ${hasToken ? "" : "not "}set; no model needs it`);
  if (!hasToken)
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
        `HF_TOKEN is set for ${gated.join(", ")}; not checked with the Hub, since the cloud is simulated`,
      );
    return accessCheck(await readStatuses(gated, endpoint, secret, signal));
  } catch (error) {
    signal.throwIfAborted();
    return failedCheck(CHECK, error, "read HF_TOKEN");
  }
}

/** @returns for each model the HTTP status of its download with this token, or why the request failed */
async function readStatuses(
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

function accessCheck(statuses: ReadonlyMap<string, number | string>): Check {
  const modelsWith = (matches: (status: number | string) => boolean): string =>
    [...statuses].flatMap(([id, status]) => (matches(status) ? [id] : [])).join(", ");
  if (modelsWith((status) => status === 401) !== "")
    return problem(
      CHECK,
      "the Hub rejects the token in HF_TOKEN (401)",
      "create a new read token on huggingface.co/settings/tokens",
    );
  const refused = modelsWith((status) => status === 403 || status === 404);
  if (refused !== "")
    return problem(
      CHECK,
      `HF_TOKEN is set, but its account has no access to ${refused}`,
      "accept the licence on the model's page with that account; a fine-grained token also needs access to gated repositories",
    );
  const failed = [...statuses].filter(([, status]) => typeof status === "string" || status >= 400);
  if (failed.length > 0)
    return warning(
      CHECK,
      `access could not be checked for ${failed.map(([id, reason]) => `${id} (${String(reason)})`).join(", ")}`,
      "check the network and the proxy",
    );
  return ok(CHECK, `access to ${[...statuses.keys()].join(", ")}`);
}
