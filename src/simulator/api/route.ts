import { readFilter } from "./filter.ts";
import { pageOf } from "./page.ts";
import { notFound } from "./api-error.ts";
import type { World } from "../world/world.ts";

/** One request, its rights already checked. */
export interface RouteCall {
  readonly world: World;
  readonly account: string;
  readonly withToken: boolean;
  /** The decoded pieces of the path that the pattern left open. */
  readonly pieces: readonly string[];
  readonly query: URLSearchParams;
  readonly filter: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  /** Lists show the world as it was then: now, or earlier where a fault script makes them stale. */
  readonly listMs: number;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Without the version; `*` stands for one piece. */
  readonly path: string;
  /** Undefined: open to all. `""`: any good token. */
  readonly scope: string | undefined;
  /** Returns the reply's body. @throws Refusal */
  run(call: RouteCall): unknown;
}

export const route = (
  method: Route["method"],
  path: string,
  scope: string | undefined,
  run: Route["run"],
): Route => ({ method, path, scope, run });

/** A page of what the filter lets through. */
export function listed<Item>(
  call: RouteCall,
  items: readonly Item[],
  fields: Parameters<typeof readFilter<Item>>[1],
  view: (item: Item) => unknown,
): unknown {
  const filter = readFilter(call.filter, fields);
  const page = pageOf(filter.sort(items.filter((item) => filter.matches(item))), call.query);
  return { ...page, data: page.data.map(view) };
}

/** The number in the path. @throws Refusal: not found */
export function idOf(call: RouteCall, index = 0): number {
  const text = call.pieces[index] ?? "";
  if (!/^\d{1,15}$/.test(text)) throw notFound();
  return Number(text);
}

/** For endpoints that know no filter and refuse the header. */
export const NO_FIELDS = {};
