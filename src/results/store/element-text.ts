import { parsePythonJson, scanDatabase } from "./database-text.ts";

/** The texts that elements were read from, because Python writes some numbers differently than JavaScript. */
const texts = new WeakMap<object, string>();

/** The text that an element was read from, or its JSON if it was not read from text. */
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

/** Remembers the texts of all elements of a sound database. */
export function rememberTexts(text: string, elements: readonly unknown[]): void {
  for (const [index, { from, to }] of scanDatabase(text).elements.entries()) {
    const value = elements[index];
    if (typeof value === "object" && value !== null) texts.set(value, text.slice(from, to));
  }
}
