import { readFilter } from "./filter.ts";
import { badRequest, notFound } from "./api-error.ts";
import type { World } from "../world/world.ts";

/** One request, its rights already checked. */
export interface RouteCall {
  readonly world: World;
  readonly account: string;
  readonly withToken: boolean;
  /** The decoded parts of the path that the pattern leaves open. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly filter: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  /** Lists show the world as it was then: now, or earlier where a fault script makes them stale. */
  readonly listMs: number;
  /** A moment as the API writes it. */
  readonly time: (epochMs: number) => string;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Without the version; `*` stands for one part. */
  readonly path: string;
  /** Undefined: no token needed. `""`: any valid token. */
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

/** The requested page of the items that pass the filter. @throws ApiError */
export function listed<Item>(
  { filter, query }: RouteCall,
  items: readonly Item[],
  fields: Parameters<typeof readFilter<Item>>[1],
  view: (item: Item) => unknown,
): unknown {
  const found = items.filter(readFilter(filter, fields));
  const size = wholeNumber(query, "page_size", 100);
  if (size < 25 || size > 500) throw badRequest("Must be 25-500", "page_size");
  const page = wholeNumber(query, "page", 1);
  if (page < 1) throw badRequest("Must be greater than or equal to 1", "page");
  return {
    data: found.slice((page - 1) * size, page * size).map(view),
    page,
    pages: Math.max(1, Math.ceil(found.length / size)),
    results: found.length,
  };
}

function wholeNumber(query: URLSearchParams, name: string, usual: number): number {
  const text = query.get(name);
  if (text === null) return usual;
  if (!/^-?\d{1,9}$/.test(text)) throw badRequest("Must be an integer", name);
  return Number(text);
}

/** The number in the path. @throws ApiError: not found */
export function idOf({ parts: [text = ""] }: RouteCall): number {
  if (!/^\d{1,15}$/.test(text)) throw notFound();
  return Number(text);
}

/** For endpoints that cannot be filtered. */
export const NO_FIELDS = {};
