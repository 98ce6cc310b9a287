import { describe, expect, it } from "vitest";
import { checkAccount, explainCloudError } from "../../src/cloud/account-check.ts";
import { CloudError, type CloudErrorKind } from "../../src/cloud/cloud.ts";
import { SweepError } from "../../src/support/errors.ts";

const account = (...scopes: string[]) => ({
  username: "someone",
  fingerprint: "0".repeat(16),
  scopes,
  balanceUninvoiced: undefined,
});
const complaint = (...scopes: string[]): SweepError => {
  try {
    checkAccount(account(...scopes));
  } catch (error) {
    expect(error).toBeInstanceOf(SweepError);
    return error as SweepError;
  }
  throw new Error("no complaint");
};

describe("the account's token", () => {
  it.each([[["*"]], [["linodes:read_write", "firewall:read_write", "events:read_only"]]])(
    "with %j is enough",
    (scopes) => {
      expect(() => {
        checkAccount(account(...scopes));
      }).not.toThrow();
    },
  );
  it("lacks one scope, which is named with the page to create another token", () => {
    const error = complaint("linodes:read_write", "firewall:read_only");
    expect(error.exitCode).toBe(4);
    expect(error.reason).toContain("lacks the scope firewall:read_write;");
    expect(error.reason).toContain("it has linodes:read_write firewall:read_only");
    expect(error.hint).toContain("https://cloud.linode.com/profile/tokens");
  });
  it("lacks both scopes, which are named", () => {
    expect(complaint().reason).toContain("scopes linodes:read_write and firewall:read_write");
    expect(complaint("linodes:read_only").reason).toContain("linodes:read_write and firewall");
  });
});

describe("the explanation of a refusal", () => {
  const explain = (kind: CloudErrorKind, message: string, sent = true) =>
    explainCloudError(new CloudError(kind, message, { sent }), "read the account");

  it("has the action, the API's text, advice and exit code 4, for every kind", () => {
    const kinds: readonly CloudErrorKind[] = [
      "no_capacity",
      "account_limit",
      "label_taken",
      "validation",
      "token",
      "scope",
      "not_found",
      "busy",
      "rate_limit",
      "maintenance",
      "transient",
      "unreachable",
    ];
    for (const kind of kinds) {
      const error = explain(kind, "HTTP 400: words of the API");
      expect(error).toMatchObject({ message: "Could not read the account.", exitCode: 4 });
      expect(error.reason).toContain("words of the API");
      expect(error.hint).toMatch(/\S/);
    }
  });

  it("differs for a token that is missing, expired, wrong, or lacks a scope", () => {
    const reasons = [
      explain("token", "no token was given", false),
      explain("token", "HTTP 401: Your token has expired"),
      explain("token", "HTTP 401: Invalid Token"),
      explain("scope", "HTTP 401: Your OAuth token is not authorized to use this endpoint."),
    ].map((error) => error.reason);
    expect(reasons[0]).toContain("There is no Linode token");
    expect(reasons[1]).toContain("has expired");
    expect(reasons[2]).toContain("wrong, expired or revoked");
    expect(reasons[3]).toContain("does not have the permission");
  });
});
