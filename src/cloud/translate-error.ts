import type { Redact } from "../support/redact.ts";
import { oneLine } from "../support/terminal-text.ts";
import { CloudError, type CloudErrorKind } from "./cloud.ts";
import { UnreadableReply } from "./parse.ts";
import { retryAfterMs, type ReplyHeaders } from "./reply-headers.ts";

/**
 * Patterns of Linode's error texts; the first match decides. They take precedence over the status, which is ambiguous:
 * 403 means "sold out" or "not permitted", 401 "wrong token" or "missing scope", 400 almost anything.
 */
const BY_TEXT: readonly (readonly [RegExp, CloudErrorKind])[] = [
  [/not (?:currently )?available in (?:the|this) (?:selected )?region/i, "no_capacity"],
  [/limit for the number of active services/i, "account_limit"],
  [/limit on your account/i, "account_limit"],
  [/account limit reached/i, "account_limit"],
  [/account must be activated/i, "account_limit"],
  [/label must be unique/i, "label_taken"],
  [/linode busy/i, "busy"],
  // Only unrestricted users may set tags: the request is wrong, not the token.
  [/unrestricted user .*tags/i, "validation"],
  [/oauth token is not authorized/i, "scope"],
  [/invalid (?:oauth )?token|token .*expired/i, "token"],
  [/too many requests/i, "rate_limit"],
];

const BY_STATUS: ReadonlyMap<number, CloudErrorKind> = new Map([
  [401, "token"],
  [403, "forbidden"],
  [404, "not_found"],
  [408, "transient"],
  [429, "rate_limit"],
]);

/** Errors that precede the first byte of a request: name lookup, connecting, TLS. */
const NEVER_SENT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|CERT_\w+|ERR_TLS_\w+|ERR_PROXY_TUNNEL|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|HOSTNAME_MISMATCH)$/;

const MAX_REASON_LENGTH = 400;

/** The parts of an AxiosError, with which the SDK rejects, that we read. */
interface VendorError {
  readonly code?: unknown;
  readonly response?: {
    readonly status?: unknown;
    readonly data?: unknown;
    readonly headers?: unknown;
  };
}

/**
 * Translates any error of the SDK. The original is not kept as the cause, since `util.inspect` and `JSON.stringify` of an
 * AxiosError print the token and the request's body.
 */
export function translateError(error: unknown, redact: Redact, nowMs: number): CloudError {
  if (error instanceof CloudError) return error;
  // The SDK's own checks reject with a bare list of reasons, before any request.
  if (Array.isArray(error)) {
    return new CloudError("validation", wordsOf(error, redact) || "the request is not valid", {
      sent: false,
    });
  }
  if (error instanceof UnreadableReply) {
    return new CloudError("transient", `unreadable reply: ${error.message}`, { sent: true });
  }
  const { response, code } = (error ?? {}) as VendorError;
  if (response === undefined || typeof response.status !== "number") {
    return withoutReply(typeof code === "string" ? code : "no reply");
  }
  const status = response.status;
  const headers = (response.headers ?? {}) as ReplyHeaders;
  const reasons = (response.data as { errors?: unknown } | null | undefined)?.errors;
  const isApi = Array.isArray(reasons);
  const words = isApi ? wordsOf(reasons, redact) : "";
  return new CloudError(
    kindOf(status, headers, isApi, words),
    `HTTP ${String(status)}: ${words === "" ? "not an answer of the API" : words}`,
    { status, sent: true, retryAfterMs: retryAfterMs(headers, status, nowMs) },
  );
}

function kindOf(
  status: number,
  headers: ReplyHeaders,
  isApi: boolean,
  words: string,
): CloudErrorKind {
  const byText = BY_TEXT.find(([pattern]) => pattern.test(words));
  if (byText !== undefined) return byText[1];
  if (status === 503 && headers["x-maintenance-mode"] !== undefined) return "maintenance";
  if (status === 429) return "rate_limit";
  // A page of a proxy or load balancer says nothing about the object: its 404 does not mean that the VM is deleted.
  if (!isApi || status < 400 || status >= 500) return "transient";
  return BY_STATUS.get(status) ?? "validation";
}

function withoutReply(code: string): CloudError {
  return NEVER_SENT.test(code)
    ? new CloudError("unreachable", `the API cannot be reached (${code})`, { sent: false })
    : new CloudError("transient", `the connection to the API failed (${code})`, { sent: true });
}

/** Joins the reasons, for example `label: Label must be unique; region: …`. */
function wordsOf(reasons: readonly unknown[], redact: Redact): string {
  const parts = reasons.map((entry) => {
    const { reason, field } = (entry ?? {}) as { reason?: unknown; field?: unknown };
    const text = typeof reason === "string" ? reason : "no reason given";
    return typeof field === "string" && field !== "" ? `${field}: ${text}` : text;
  });
  const words = oneLine(redact(parts.join("; ")));
  return words.length > MAX_REASON_LENGTH ? `${words.slice(0, MAX_REASON_LENGTH)}…` : words;
}
