import { badRequest } from "./api-error.ts";

type Fields<Item> = Readonly<Record<string, (item: Item) => unknown>>;

/**
 * Parses an `X-Filter` header into a predicate. A value matches if it is equal, a list if one element is equal; the
 * API's operators (`+contains`, `+or` ...) are not simulated.
 * @param fields the keys that may be filtered on; Linode refuses all others
 * @throws ApiError
 */
export function readFilter<Item>(
  header: string | undefined,
  fields: Fields<Item>,
): (item: Item) => boolean {
  const tests = Object.entries(parse(header)).map(([key, wanted]) => {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined) throw badRequest(`Cannot filter on ${key}`);
    if (typeof wanted === "object") throw badRequest("Filter operators are not simulated");
    return (item: Item) => [field(item)].flat().some((value) => isSame(value, wanted));
  });
  return (item) => tests.every((test) => test(item));
}

function parse(header: string | undefined): object {
  if (header === undefined || header === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(header);
  } catch {
    throw badRequest("X-Filter header is not valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw badRequest("X-Filter header must be an object");
  return value;
}

/** Text is compared case-insensitively. */
function isSame(one: unknown, other: unknown): boolean {
  return typeof one === "string" && typeof other === "string"
    ? one.toLowerCase() === other.toLowerCase()
    : one === other;
}
