import { badRequest } from "./api-error.ts";

/** `X-Filter`, compiled. */
export interface Filter<Item> {
  matches(item: Item): boolean;
  sort(items: readonly Item[]): readonly Item[];
}

type Fields<Item> = Readonly<Record<string, (item: Item) => unknown>>;
type Test<Item> = (item: Item) => boolean;

/**
 * @param fields what may be filtered on; Linode refuses any other key.
 * @throws Refusal
 */
export function readFilter<Item>(header: string | undefined, fields: Fields<Item>): Filter<Item> {
  if (header === undefined || header === "") return { matches: () => true, sort: (items) => items };
  let value: unknown;
  try {
    value = JSON.parse(header);
  } catch {
    throw badRequest("X-Filter header is not valid JSON");
  }
  const { "+order_by": orderBy, "+order": order = "asc", ...rest } = asObject(value);
  const key = typeof orderBy === "string" ? fieldOf(orderBy, fields) : undefined;
  const sign = order === "desc" ? -1 : 1;
  return {
    matches: compile(rest, fields),
    sort: (items) =>
      key === undefined ? items : [...items].sort((a, b) => sign * compare(key(a), key(b))),
  };
}

function compile<Item>(filter: Record<string, unknown>, fields: Fields<Item>): Test<Item> {
  const tests = Object.entries(filter).map(([key, wanted]): Test<Item> => {
    if (key === "+and" || key === "+or") {
      if (!Array.isArray(wanted)) throw badRequest(`${key} must be a list`);
      const parts = wanted.map((part) => compile(asObject(part), fields));
      return key === "+and"
        ? (item) => parts.every((part) => part(item))
        : (item) => parts.some((part) => part(item));
    }
    const field = fieldOf(key, fields);
    if (typeof wanted !== "object" || wanted === null)
      return (item) => values(field(item)).some((value) => same(value, wanted));
    const operators = Object.entries(wanted).map(([name, operand]) => operator(name, operand));
    return (item) => operators.every((test) => test(values(field(item))));
  });
  return (item) => tests.every((test) => test(item));
}

function operator(name: string, operand: unknown): (values: readonly unknown[]) => boolean {
  switch (name) {
    case "+gt":
      return (values) => values.some((value) => compare(value, operand) > 0);
    case "+gte":
      return (values) => values.some((value) => compare(value, operand) >= 0);
    case "+lt":
      return (values) => values.some((value) => compare(value, operand) < 0);
    case "+lte":
      return (values) => values.some((value) => compare(value, operand) <= 0);
    case "+neq":
      return (values) => !values.some((value) => same(value, operand));
    case "+contains":
      return (values) =>
        values.some((value) => String(value).toLowerCase().includes(String(operand).toLowerCase()));
    default:
      throw badRequest(`${name} is not a valid operator`);
  }
}

function fieldOf<Item>(key: string, fields: Fields<Item>): (item: Item) => unknown {
  const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
  if (field === undefined) throw badRequest(`Cannot filter on ${key}`);
  return field;
}

function asObject(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw badRequest("X-Filter header must be an object");
  return value as Record<string, unknown>;
}

function values(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** Text is compared without case, tags above all. */
function same(one: unknown, other: unknown): boolean {
  return typeof one === "string" && typeof other === "string"
    ? one.toLowerCase() === other.toLowerCase()
    : one === other;
}

function compare(one: unknown, other: unknown): number {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one) < String(other) ? -1 : Number(String(one) > String(other));
}
