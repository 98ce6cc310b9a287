/**
 * The shared database as text. Existing records are copied character by character: parsing and serializing them would
 * turn Python's `3.0` into `3` and lose digits of large numbers.
 */
export interface DatabaseText {
  readonly text: string;
  /** Positions of the elements of `benchmarks`, in order. */
  readonly elements: readonly Span[];
  /** Position of the closing bracket of `benchmarks`; undefined if the text is damaged before it. */
  readonly end: number | undefined;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

const VERSION = "1.0";
/** V8's strings have at most 2^29 characters, so a larger file could be written but not read again. */
export const MAX_TEXT_LENGTH = 480_000_000;

/** Finds the elements of the last top-level `benchmarks` array, up to the first damage. */
export function scanDatabase(text: string): DatabaseText {
  const empty: DatabaseText = { text, elements: [], end: undefined };
  let at = skipBlank(text, 0);
  if (text[at] !== "{") return empty;
  let found = empty;
  for (at = skipBlank(text, at + 1); text[at] === '"';) {
    const keyEnd = endOfString(text, at);
    const key = text.slice(at, keyEnd);
    at = skipBlank(text, keyEnd);
    if (text[at] !== ":") return found;
    at = skipBlank(text, at + 1);
    if (key === '"benchmarks"' && text[at] === "[") {
      found = scanArray(text, at);
      if (found.end === undefined) return found;
      at = found.end + 1;
    } else {
      at = endOfValue(text, at);
      if (at < 0) return found;
    }
    at = skipBlank(text, at);
    if (text[at] === ",") at = skipBlank(text, at + 1);
  }
  return found;
}

function scanArray(text: string, opening: number): DatabaseText {
  const elements: Span[] = [];
  let at = skipBlank(text, opening + 1);
  while (at < text.length && text[at] !== "]") {
    const to = endOfValue(text, at);
    if (to < 0) return { text, elements, end: undefined };
    elements.push({ from: at, to });
    at = skipBlank(text, to);
    if (text[at] === ",") at = skipBlank(text, at + 1);
    else if (text[at] !== "]") return { text, elements, end: undefined };
  }
  return { text, elements, end: at < text.length ? at : undefined };
}

/** Like `JSON.parse`, but reads the `NaN` and `Infinity` that Python writes as null. @throws SyntaxError */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/\b(?:NaN|Infinity)\b/.test(text)) throw error;
    return JSON.parse(replaceNonFinite(text, () => "null"));
  }
}

/** Replaces `NaN`, `Infinity` and `-Infinity` outside strings. */
export function replaceNonFinite(text: string, replacement: (word: string) => string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (token) =>
    token.startsWith('"') ? token : replacement(token),
  );
}

/** A database with these elements, in the layout of Python's `json.dump(indent=2)`. */
export function newDatabaseText(elements: readonly string[]): string {
  const empty = `{\n  "version": "${VERSION}",\n  "benchmarks": []\n}\n`;
  return insertElements(scanDatabase(empty), elements);
}

/** Appends elements to `benchmarks` and leaves the rest of the text unchanged. */
export function insertElements(database: DatabaseText, elements: readonly string[]): string {
  const { text, end } = database;
  if (end === undefined) throw new RangeError("the database has no end to insert at");
  if (elements.length === 0) return text;
  const last = database.elements.at(-1);
  const before = text.slice(0, last?.to ?? text.lastIndexOf("[", end) + 1);
  const added = elements.map((element) => `\n    ${indented(element)}`).join(",");
  return `${before}${last === undefined ? "" : ","}${added}\n  ${text.slice(end)}`;
}

/** The text without the elements at these indices. */
export function removeElements(database: DatabaseText, indices: ReadonlySet<number>): string {
  const { text, elements } = database;
  const remaining = elements.filter((_, index) => !indices.has(index));
  const first = elements[0];
  const last = elements.at(-1);
  if (first === undefined || last === undefined) return text;
  const middle = remaining.map(({ from, to }) => text.slice(from, to)).join(",\n    ");
  return text.slice(0, first.from) + middle + text.slice(last.to);
}

/** Replaces the elements at these indices. */
export function replaceElements(
  database: DatabaseText,
  replacements: ReadonlyMap<number, string>,
): string {
  const { text, elements } = database;
  const parts: string[] = [];
  let reached = 0;
  for (const [index, { from, to }] of elements.entries()) {
    const replacement = replacements.get(index);
    if (replacement === undefined) continue;
    parts.push(text.slice(reached, from), indented(replacement));
    reached = to;
  }
  return [...parts, text.slice(reached)].join("");
}

/** The texts of all complete records in a damaged database. */
export function salvageElements(text: string): string[] {
  const scanned = scanDatabase(text);
  const found: string[] = [];
  let reached = 0;
  for (const { from, to } of scanned.elements) {
    const element = text.slice(from, to);
    if (looksLikeRecord(element)) {
      found.push(element);
      reached = to;
    }
  }
  if (scanned.end !== undefined) return found;
  for (const { index } of text.matchAll(/\{\s*"id"\s*:/g)) {
    if (index < reached) continue;
    const to = endOfValue(text, index);
    const element = to < 0 ? "" : text.slice(index, to);
    if (!looksLikeRecord(element)) continue;
    found.push(element);
    reached = to;
  }
  return found;
}

/** Indents an element like those of `benchmarks`. Text from a database is indented already. */
function indented(element: string): string {
  return element.endsWith("\n}") ? element.replaceAll("\n", "\n    ") : element;
}

function looksLikeRecord(text: string): boolean {
  try {
    const value = parsePythonJson(text);
    return typeof value === "object" && value !== null && "gpu_type" in value && "id" in value;
  } catch {
    return false;
  }
}

function skipBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 0x20) at += 1;
  return at;
}

/** Index after the closing quote, or the end of the text if there is none. */
function endOfString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text[quote - 1 - slashes] === "\\") slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

/** Index after the value that starts at `from`, or -1 if it is incomplete. Brackets are counted, not matched. */
function endOfValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === 0x22) {
      at = endOfString(text, at) - 1;
      if (depth === 0) return text[at] === '"' && at > from ? at + 1 : -1;
    } else if (char === 0x7b || char === 0x5b) {
      depth += 1;
    } else if (char === 0x7d || char === 0x5d) {
      if (depth === 0) return at === from ? -1 : at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (char === 0x2c || char <= 0x20)) {
      return at === from ? -1 : at;
    }
  }
  return -1;
}
