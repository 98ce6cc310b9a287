import { ExitCode, SweepError } from "../support/errors.ts";
import type { Account, CloudError, CloudErrorKind } from "./cloud.ts";

const NEEDED_SCOPES = ["linodes:read_write", "firewall:read_write"] as const;
const WHERE_TOKENS_ARE_MADE = "https://cloud.linode.com/profile/tokens";
const MAKE_A_TOKEN = `Make a token with ${NEEDED_SCOPES.join(" and ")} at ${WHERE_TOKENS_ARE_MADE}, and set LINODE_TOKEN to it.`;

/** @throws SweepError exit 4 that names the scopes which the token lacks. */
export function checkAccount(account: Account): void {
  const missing = NEEDED_SCOPES.filter(
    (scope) => !account.scopes.includes(scope) && !account.scopes.includes("*"),
  );
  if (missing.length === 0) return;
  throw new SweepError("The Linode token may not do what a sweep needs.", {
    exitCode: ExitCode.provider,
    reason: `It lacks the scope${missing.length > 1 ? "s" : ""} ${missing.join(" and ")}; it has ${account.scopes.join(" ") || "none"}.`,
    // Linode cannot change the scopes of a token that exists.
    hint: MAKE_A_TOKEN,
  });
}

/** What the cloud's refusal means for the user, exit 4. `doing` completes "Could not …". */
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
  "Try again in some minutes; https://status.linode.com tells of outages.",
] as const;

/** Meaning and advice. */
const EXPLANATIONS: Readonly<
  Record<Exclude<CloudErrorKind, "token">, readonly [meaning: string, hint: string]>
> = {
  scope: ["The Linode token, or the user it belongs to, may not do this", MAKE_A_TOKEN],
  forbidden: [
    "Linode does not let this user do it",
    "Check the user's grants in Cloud Manager, and that the account has no open issue.",
  ],
  no_capacity: ["No stock", "Try another region or GPU type, or the same one later."],
  account_limit: [
    "A limit of the Linode account stands against it",
    "Ask Linode's support to raise the limit or to enable the plan.",
  ],
  label_taken: ["The label is in use", "Run `maider-sweep recover`, then try again."],
  validation: [
    "Linode does not accept the request",
    "Correct the plan or the option that the reason names.",
  ],
  not_found: [
    "Linode knows no such object",
    "It may belong to another account: check whose token is used.",
  ],
  busy: NO_ANSWER,
  rate_limit: NO_ANSWER,
  maintenance: NO_ANSWER,
  transient: NO_ANSWER,
  unreachable: ["Linode's API cannot be reached", "Check the network, the proxy and --api-url."],
};

function explainToken(error: CloudError): readonly [meaning: string, hint: string] {
  if (!error.sent) return ["There is no Linode token", MAKE_A_TOKEN];
  return /expired/i.test(error.message)
    ? ["The Linode token has expired", MAKE_A_TOKEN]
    : ["Linode does not know the token: it is wrong, expired or revoked", MAKE_A_TOKEN];
}
