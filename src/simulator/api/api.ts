import { findRoute } from "./api-routes.ts";
import { linodeTime } from "./api-views.ts";
import { createRateLimits } from "./rate-limits.ts";
import { invalidToken, missingScope, ApiError, tooManyRequests } from "./api-error.ts";
import type { Route } from "./route.ts";
import { allows, OTHER_ACCOUNT, type Token } from "../world/tokens.ts";
import type { World } from "../world/world.ts";

export interface ApiRequest {
  readonly method: string;
  /** Without the API's version, percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly filter: string | undefined;
  readonly body: string;
  readonly from: string;
}

export interface ApiReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Distortions of a reply by a fault. */
export interface Distortion {
  /** Age of the lists. */
  readonly staleSeconds?: number;
  /** Whether the token counts as another account's. */
  readonly wrongAccount?: boolean;
  /** How far the API's clock is ahead; negative if it is behind. */
  readonly aheadSeconds?: number;
}

/** Answers a request like Linode's API, without HTTP and without delay. */
export type Api = (request: ApiRequest, distortion?: Distortion) => ApiReply;

export function createApi(world: World): Api {
  const limits = createRateLimits();
  return (request, { staleSeconds = 0, wrongAccount = false, aheadSeconds = 0 } = {}) => {
    const aheadMs = aheadSeconds * 1_000;
    world.settle();
    const nowMs = world.now();
    const token = findToken(world, request.authorization);
    const client = token?.account ?? `address ${request.from}`;
    const allowance = limits.take(client, request.method, request.path, nowMs);
    const headers: Record<string, string> = {
      "X-RateLimit-Limit": String(allowance.limit),
      "X-RateLimit-Remaining": String(allowance.remaining),
      "X-RateLimit-Reset": String(allowance.reset + aheadSeconds),
      Date: new Date(nowMs + aheadMs).toUTCString(),
      ...(token === undefined ? {} : { "X-OAuth-Scopes": token.scopes }),
    };
    try {
      if (allowance.refused) {
        headers["Retry-After"] = String(Math.max(1, allowance.reset - Math.floor(nowMs / 1_000)));
        throw tooManyRequests();
      }
      const { route, parts } = findRoute(request.method, request.path);
      headers["X-Accepted-OAuth-Scopes"] = acceptedScopes(route);
      // An invalid token is refused even by routes that need none.
      if (token === undefined && (route.scope !== undefined || request.authorization !== undefined))
        throw invalidToken();
      if (
        route.scope !== undefined &&
        route.scope !== "" &&
        !allows(token?.scopes ?? "", route.scope)
      )
        throw missingScope();
      const body = route.run({
        world,
        account: wrongAccount ? OTHER_ACCOUNT : (token?.account ?? ""),
        withToken: token !== undefined,
        parts,
        query: request.query,
        filter: request.filter,
        body: parseBody(request.body),
        listMs: nowMs - staleSeconds * 1_000,
        time: (epochMs) => linodeTime(epochMs + aheadMs),
      });
      return { status: 200, headers, body };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { status: error.status, headers, body: { errors: error.problems } };
    }
  };
}

function findToken(world: World, authorization: string | undefined): Token | undefined {
  const [, text] = /^Bearer (\S+)$/i.exec(authorization ?? "") ?? [];
  return text === undefined ? undefined : world.tokens.findValid(text, world.now());
}

function acceptedScopes({ scope }: Route): string {
  if (scope === undefined || scope === "") return "*";
  return scope.endsWith(":read_only")
    ? `${scope} ${scope.replace("read_only", "read_write")}`
    : scope;
}

function parseBody(text: string): Readonly<Record<string, unknown>> {
  if (text === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ApiError(400, [{ reason: "Invalid JSON" }]);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ApiError(400, [{ reason: "Invalid JSON" }]);
  return value as Record<string, unknown>;
}
