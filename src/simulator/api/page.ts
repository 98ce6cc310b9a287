import { badRequest } from "./api-error.ts";

export interface Page<Item> {
  readonly data: readonly Item[];
  readonly page: number;
  readonly pages: number;
  readonly results: number;
}

/** `page` from 1; `page_size` 25 to 500, 100 when left out. @throws Refusal */
export function pageOf<Item>(items: readonly Item[], query: URLSearchParams): Page<Item> {
  const size = whole(query, "page_size", 100);
  if (size < 25 || size > 500) throw badRequest("Must be 25-500", "page_size");
  const page = whole(query, "page", 1);
  if (page < 1) throw badRequest("Must be greater than or equal to 1", "page");
  return {
    data: items.slice((page - 1) * size, page * size),
    page,
    pages: Math.max(1, Math.ceil(items.length / size)),
    results: items.length,
  };
}

function whole(query: URLSearchParams, name: string, usual: number): number {
  const text = query.get(name);
  if (text === null) return usual;
  if (!/^-?\d{1,9}$/.test(text)) throw badRequest("Must be an integer", name);
  return Number(text);
}
