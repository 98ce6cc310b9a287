import { replaceNonFinite } from "./database-text.ts";

/** A number that JavaScript would write differently, such as `1.0`, `NaN`, or one with more digits than a double. */
export interface ExactNumber {
  readonly [SOURCE]: string;
}

const SOURCE = Symbol("source");
/** Unlikely numbers that replace words that are not JSON while parsing. */
const PLACEHOLDERS: ReadonlyMap<string, string> = new Map([
  ["NaN", "0e7000001"],
  ["Infinity", "0e7000002"],
  ["-Infinity", "0e7000003"],
]);
const WORDS = new Map([...PLACEHOLDERS].map(([word, number]) => [number, word]));

/** Parses JSON, including Python's `NaN` and `Infinity`, without changing any number. @throws SyntaxError */
export function parseExact(text: string): unknown {
  const plain = replaceNonFinite(text, (word) => PLACEHOLDERS.get(word) ?? word);
  return JSON.parse(plain, ((_: string, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined || String(value) === source) return value;
    return { [SOURCE]: WORDS.get(source) ?? source } satisfies ExactNumber;
  }) as (key: string, value: unknown) => unknown);
}

export function isExactNumber(value: object): value is ExactNumber {
  return SOURCE in value;
}

/** Serializes what `parseExact` returned, indented by two like `JSON.stringify`. */
export function exactText(value: unknown, margin = "\n"): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (isExactNumber(value)) return value[SOURCE];
  const inner = `${margin}  `;
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((item: unknown) => exactText(item, inner))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => `${JSON.stringify(key)}: ${exactText(item, inner)}`);
  const [opening, closing] = isList ? "[]" : "{}";
  return parts.length === 0
    ? `${opening}${closing}`
    : `${opening}${inner}${parts.join(`,${inner}`)}${margin}${closing}`;
}
