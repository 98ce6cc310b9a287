import { readFilter } from "./filter.ts";
import { badRequest, notFound } from "./api-error.ts";
import type { World } from "../world/world.ts";

/** An authorized request. */
export interface RouteCall {
  readonly world: World;
  readonly account: string;
  readonly withToken: boolean;
  /** The decoded parts of the path that match `*`. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly filter: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  /** The time of which lists show the state: now, or earlier if a fault makes them stale. */
  readonly listMs: number;
  /** Formats a time. */
  readonly time: (epochMs: number) => string;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Without the API's version; `*` matches one part. */
  readonly path: string;
  /** Undefined = no token needed; `""` = any valid token. */
  readonly scope: string | undefined;
  /** Returns the reply's body. @throws ApiError */
  run(call: RouteCall): unknown;
}

export const route = (
  method: Route["method"],
  path: string,
  scope: string | undefined,
  run: Route["run"],
): Route => ({ method, path, scope, run });

/** Returns the requested page of the items that match the filter. @throws ApiError */
export function listed<Item>(
  { filter, query }: RouteCall,
  items: readonly Item[],
  fields: Parameters<typeof readFilter<Item>>[1],
  view: (item: Item) => unknown,
): unknown {
  const found = items.filter(readFilter(filter, fields));
  const size = integerParameter(query, "page_size", 100);
  if (size < 25 || size > 500) throw badRequest("Must be 25-500", "page_size");
  const page = integerParameter(query, "page", 1);
  if (page < 1) throw badRequest("Must be greater than or equal to 1", "page");
  return {
    data: found.slice((page - 1) * size, page * size).map(view),
    page,
    pages: Math.max(1, Math.ceil(found.length / size)),
    results: found.length,
  };
}

function integerParameter(query: URLSearchParams, name: string, defaultValue: number): number {
  const text = query.get(name);
  if (text === null) return defaultValue;
  if (!/^-?\d{1,9}$/.test(text)) throw badRequest("Must be an integer", name);
  return Number(text);
}

/** Returns the id in the path. @throws ApiError 404 */
export function idOf({ parts: [text = ""] }: RouteCall): number {
  if (!/^\d{1,15}$/.test(text)) throw notFound();
  return Number(text);
}

/** For lists that cannot be filtered. */
export const NO_FIELDS = {};
