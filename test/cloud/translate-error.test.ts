import * as fc from "fast-check";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { CloudError, type CloudErrorKind } from "../../src/cloud/cloud.ts";
import { UnreadableReply } from "../../src/cloud/parse.ts";
import { translateError } from "../../src/cloud/translate-error.ts";
import { createRedactor } from "../../src/support/redact.ts";

const TOKEN = "c4nary".repeat(8);
const NOW_MS = Date.parse("2026-11-24T10:00:00Z");
const redact = createRedactor([TOKEN]);
const translate = (error: unknown) => translateError(error, redact, NOW_MS);

/** An error like those of axios, with the token in its configuration. */
function vendorError(status: number, data: unknown, headers: object = {}) {
  return {
    name: "AxiosError",
    message: `Request failed with status code ${String(status)}`,
    code: status >= 500 ? "ERR_BAD_RESPONSE" : "ERR_BAD_REQUEST",
    config: { headers: { Authorization: `Bearer ${TOKEN}` }, data: "root_pass" },
    response: { status, data, headers },
  };
}
const refusal = (status: number, reason: string, headers: object = {}) =>
  vendorError(status, { errors: [{ reason }] }, headers);

const NGINX = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";

describe("an error of the API becomes one of our kinds", () => {
  const rows: readonly (readonly [status: number, reason: string, kind: CloudErrorKind])[] = [
    [
      403,
      "The Linode plan you chose is not currently available in the selected region",
      "no_capacity",
    ],
    [
      400,
      "The Linode plan you chose is not currently available in the selected region",
      "no_capacity",
    ],
    [
      400,
      "You've reached a limit for the number of active services on your account. Please contact Support to request an increase and provide the total number of services you may need.",
      "account_limit",
    ],
    [
      400,
      "A limit on your account is preventing the deployment of the selected Linode plan. To request access to the plan, please contact Support and provide the Linode plan name.",
      "account_limit",
    ],
    [400, "Account Limit reached. Please open a support ticket.", "account_limit"],
    [401, "Your account must be activated before you can use this endpoint", "account_limit"],
    [403, "Your account must be activated before you can use this endpoint", "account_limit"],
    [401, "Invalid Token", "token"],
    [401, "Invalid OAuth Token", "token"],
    [401, "Your token has expired", "token"],
    [401, "Something new", "token"],
    [401, "Your OAuth token is not authorized to use this endpoint.", "scope"],
    [403, "Unauthorized", "forbidden"],
    [404, "Not found", "not_found"],
    [400, "Linode busy.", "busy"],
    [429, "Too many requests", "rate_limit"],
    [408, "Please try again", "transient"],
    [400, "Label must be unique among your linodes", "label_taken"],
    [400, "Cannot filter on foo", "validation"],
    [
      403,
      "You must be an unrestricted User in order to add or modify tags on Linodes.",
      "validation",
    ],
    [400, "root_pass is too weak", "validation"],
    [500, "Internal server error", "transient"],
    [503, "Service unavailable", "transient"],
  ];
  it.each(rows)("%i %s is %s", (status, reason, kind) => {
    const error = translate(refusal(status, reason));
    expect(error).toMatchObject({ kind, status, sent: true });
    expect(error.message).toContain(reason.slice(0, 60));
  });

  it("has every reason, with the name of its field", () => {
    const error = translate(
      vendorError(400, {
        errors: [{ reason: "is too short", field: "label" }, { reason: "no such region" }],
      }),
    );
    expect(error.message).toBe("HTTP 400: label: is too short; no such region");
  });

  it("is recognised as maintenance by its header", () => {
    const error = translate(refusal(503, "down", { "x-maintenance-mode": "all" }));
    expect(error.kind).toBe("maintenance");
  });
});

describe("a page that is not from the API says nothing about the object", () => {
  it.each([400, 401, 403, 404, 408, 502, 503, 504, 301])("%i with HTML is transient", (status) => {
    const error = translate(vendorError(status, NGINX));
    expect(error).toMatchObject({ kind: "transient", status, sent: true });
    expect(error.message).not.toContain("<");
  });
  it("429 is a rate limit with any body", () => {
    expect(translate(vendorError(429, NGINX)).kind).toBe("rate_limit");
  });
});

describe("an error without a reply counts as not sent only if that is certain", () => {
  it.each([
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "CERT_HAS_EXPIRED",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  ])("%s was not sent", (code) => {
    expect(translate({ code })).toMatchObject({ kind: "unreachable", sent: false });
  });
  it.each(["ECONNRESET", "ECONNABORTED", "ETIMEDOUT", "EPIPE", "ERR_CANCELED", "EPROTO"])(
    "%s may have been",
    (code) => {
      expect(translate({ code })).toMatchObject({ kind: "transient", sent: true });
    },
  );
  it("a refusal by the SDK's own checks was not sent", () => {
    const error = translate([{ reason: "You must provide a root password", field: "root_pass" }]);
    expect(error).toMatchObject({ kind: "validation", sent: false });
    expect(error.message).toContain("root_pass: You must provide a root password");
  });
  it("an unreadable reply means that the request was sent", () => {
    expect(translate(new UnreadableReply("a VM was expected"))).toMatchObject({
      kind: "transient",
      sent: true,
    });
  });
  it("a CloudError stays as it is", () => {
    const ours = new CloudError("busy", "x", { sent: true });
    expect(translate(ours)).toBe(ours);
  });
});

describe("how long the API asks us to wait", () => {
  const wait = (status: number, headers: object) =>
    translate(refusal(status, "Too many requests", headers)).retryAfterMs;
  it.each([
    ["0", 0],
    ["7", 7_000],
    ["300", 300_000],
    ["301", undefined],
    ["-1509450059", undefined],
    ["soon", undefined],
    ["1e3", undefined],
    ["", undefined],
  ])("Retry-After %j is %j ms", (header, expected) => {
    expect(wait(429, { "retry-after": header })).toBe(expected);
    expect(wait(503, { "retry-after": header })).toBe(expected);
  });
  it("falls back to the limit's reset time, compared with the server's clock", () => {
    const resetS = String(Date.parse("2026-11-24T12:00:20Z") / 1000);
    const date = "Tue, 24 Nov 2026 12:00:00 GMT";
    expect(wait(429, { "x-ratelimit-reset": resetS, date })).toBe(20_000);
    expect(wait(429, { "x-ratelimit-reset": String(NOW_MS / 1000 + 9) })).toBe(9_000);
    expect(wait(429, { "x-ratelimit-reset": "-1", date })).toBeUndefined();
  });
  it("ignores the reset time of other statuses, since every reply has one", () => {
    expect(wait(500, { "x-ratelimit-reset": String(NOW_MS / 1000 + 9) })).toBeUndefined();
  });
  it("is always undefined or between 0 and 300 s", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.integer().map(String)), fc.string(), (after, reset) => {
        const ms = wait(429, { "retry-after": after, "x-ratelimit-reset": reset });
        expect(ms === undefined || (ms >= 0 && ms <= 300_000)).toBe(true);
      }),
    );
  });
});

describe("nothing of the vendor's error remains", () => {
  it("in the text or the fields, even if the API repeats the secret", () => {
    const error = translate(refusal(400, `bad value ${TOKEN}`));
    const everything = inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error);
    expect(everything).not.toContain(TOKEN);
    expect(everything).not.toContain("Bearer");
    expect(error.cause).toBeUndefined();
  });
  it("and control characters are removed and long texts shortened", () => {
    const error = translate(refusal(400, `\u001B[31mred\u0007${"x".repeat(10_000)}`));
    expect(error.message).not.toMatch(/\p{Cc}/u);
    expect(error.message.length).toBeLessThan(500);
  });
  it("any thrown value becomes a CloudError", () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        expect(translate(thrown)).toBeInstanceOf(CloudError);
      }),
    );
  });
});
