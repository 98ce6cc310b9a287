import { parsePythonJson, scanDatabase } from "./database-text.ts";

/** Texts of elements as they stood where they were read: their figures may be written as JavaScript would not. */
const texts = new WeakMap<object, string>();

/** As text, value for value; what was not read from a text is written as JSON. */
export function elementText(value: unknown): string {
  const text = typeof value === "object" && value !== null ? texts.get(value) : undefined;
  return text ?? JSON.stringify(value, undefined, 2);
}

/** Parses an element and remembers its text. @throws SyntaxError */
export function parseElement(text: string): unknown {
  const value = parsePythonJson(text);
  if (typeof value === "object" && value !== null) texts.set(value, text);
  return value;
}

/** The same for all elements of a sound database. */
export function rememberTexts(text: string, elements: readonly unknown[]): void {
  for (const [index, { from, to }] of scanDatabase(text).elements.entries()) {
    const value = elements[index];
    if (typeof value === "object" && value !== null) texts.set(value, text.slice(from, to));
  }
}
