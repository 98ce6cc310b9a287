import { ExitCode, SweepError } from "../support/errors.ts";
import type { Account, CloudError, CloudErrorKind } from "./cloud.ts";

const NEEDED_SCOPES = ["linodes:read_write", "firewall:read_write"] as const;
const TOKENS_PAGE = "https://cloud.linode.com/profile/tokens";
const CREATE_TOKEN = `Create a token with ${NEEDED_SCOPES.join(" and ")} at ${TOKENS_PAGE}, and set LINODE_TOKEN to it.`;

/** @throws SweepError exit 4 with the names of the missing scopes */
export function checkAccount(account: Account): void {
  const missing = NEEDED_SCOPES.filter(
    (scope) => !account.scopes.includes(scope) && !account.scopes.includes("*"),
  );
  if (missing.length === 0) return;
  throw new SweepError("The Linode token does not have the permissions that a sweep needs.", {
    exitCode: ExitCode.provider,
    reason: `It lacks the scope${missing.length > 1 ? "s" : ""} ${missing.join(" and ")}; it has ${account.scopes.join(" ") || "none"}.`,
    // The scopes of an existing token cannot be changed.
    hint: CREATE_TOKEN,
  });
}

/** Explains a cloud error to the user, with exit code 4. @param doing completes "Could not …" */
export function explainCloudError(error: CloudError, doing: string): SweepError {
  const [meaning, hint] = error.kind === "token" ? explainToken(error) : EXPLANATIONS[error.kind];
  return new SweepError(`Could not ${doing}.`, {
    exitCode: ExitCode.provider,
    reason: `${meaning} (${error.message}).`,
    hint,
  });
}

const NO_ANSWER = [
  "Linode's API gave no usable answer",
  "Try again in a few minutes; https://status.linode.com lists outages.",
] as const;

const EXPLANATIONS: Readonly<
  Record<Exclude<CloudErrorKind, "token">, readonly [meaning: string, hint: string]>
> = {
  scope: ["The Linode token, or its user, does not have the permission", CREATE_TOKEN],
  forbidden: [
    "Linode does not permit it to this user",
    "Check the user's grants in Cloud Manager, and that the account has no open issue.",
  ],
  no_capacity: ["Sold out", "Try another region or GPU type, or try again later."],
  account_limit: [
    "The Linode account has reached a limit",
    "Ask Linode's support to raise the limit or to enable the GPU type.",
  ],
  label_taken: ["The label is in use", "Run `maider-sweep recover`, then try again."],
  validation: [
    "Linode rejected the request",
    "Correct the plan or the option that the reason names.",
  ],
  not_found: [
    "Linode found no such object",
    "It may belong to another account: check which account the token belongs to.",
  ],
  busy: NO_ANSWER,
  rate_limit: NO_ANSWER,
  maintenance: NO_ANSWER,
  transient: NO_ANSWER,
  unreachable: ["Linode's API cannot be reached", "Check the network, the proxy and --api-url."],
};

function explainToken(error: CloudError): readonly [meaning: string, hint: string] {
  if (!error.sent) return ["There is no Linode token", CREATE_TOKEN];
  return /expired/i.test(error.message)
    ? ["The Linode token has expired", CREATE_TOKEN]
    : ["Linode rejected the token: it is wrong, expired or revoked", CREATE_TOKEN];
}
