import { isAscii, isUtf8 } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";

/** What a file says of itself beside its elements. */
export interface Frame {
  readonly version: unknown;
  readonly bytes: number;
}

/** The file is laid out in another way than writers of databases do, or is not sound. */
export class UnusualLayout extends Error {
  constructor() {
    super("the database is laid out in another way, or is not sound");
  }
}

const OPENING = '"benchmarks": [\n    {';
const BETWEEN = "\n    },\n    {";
const ELEMENT_END = "\n    }";
const CLOSING = "\n    }\n  ]";
const BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
/** A few elements: texts beyond 128 kB are dearer to V8. */
const WINDOW_BYTES = 65_536;
const LARGEST_WINDOW_BYTES = 8_388_608;

/** The elements of a large database one by one, so that it is never held as a whole. @throws as `streamElements` */
export function* streamDatabase(path: string): Generator<unknown, Frame> {
  const file = openSync(path, "r");
  try {
    const lists = streamLists(file);
    for (;;) {
      const next = lists.next();
      if (next.done === true) return next.value;
      yield* JSON.parse(next.value.text) as unknown[];
    }
  } finally {
    closeSync(file);
  }
}

/** A stretch of the file, and the byte at which it begins. */
export interface Placed {
  readonly text: string;
  readonly at: number;
}

/** The same as text, each with its place. */
export function* streamElements(file: number): Generator<Placed, Frame> {
  const lists = streamLists(file);
  for (;;) {
    const next = lists.next();
    if (next.done === true) return next.value;
    const parts = next.value.text.slice(1, -1).split(BETWEEN);
    let { at } = next.value;
    for (const [index, part] of parts.entries()) {
      const text = `${index === 0 ? "" : "{"}${part}${index === parts.length - 1 ? "" : ELEMENT_END}`;
      yield { text, at };
      at += Buffer.byteLength(text) + BETWEEN.length - ELEMENT_END.length - 1;
    }
  }
}

/**
 * Stretches of elements as lists, each with the place of its first one; the layout tells where elements end. The file is sound JSON exactly when all stretches of elements are and the frame around them is, which is seen at
 * the end: a stretch that ended anywhere else than between two elements would be none.
 * @throws UnusualLayout, SyntaxError: then what has come so far is worth nothing.
 */
function* streamLists(file: number): Generator<Placed, Frame> {
  const window = openWindow(file);
  while (window.find(OPENING) < 0) if (!window.more()) throw new UnusualLayout();
  const head = window.take(window.find(OPENING) + OPENING.length - 1);
  do {
    const last = window.findLast(BETWEEN);
    if (last < 0) continue;
    yield window.takeList(last + ELEMENT_END.length);
    window.skip(BETWEEN.length - ELEMENT_END.length - 1);
  } while (window.more());
  const last = window.findLast(CLOSING);
  if (last < 0) throw new UnusualLayout();
  yield window.takeList(last + ELEMENT_END.length);
  return { version: versionIn(head, window.rest()), bytes: window.bytes() };
}

/** The frame with one number in the place of the elements must be a database with just that number. */
function versionIn(head: string, tail: string): unknown {
  const { version = "1.0", benchmarks } = JSON.parse(`${head}7${tail}`) as {
    version?: unknown;
    benchmarks?: unknown;
  };
  if (!Array.isArray(benchmarks) || benchmarks.length !== 1 || benchmarks[0] !== 7)
    throw new UnusualLayout();
  return version;
}

/** A stretch of the file that moves on as it is used up; it grows for an element that is longer. */
function openWindow(file: number) {
  let buffer = Buffer.allocUnsafe(WINDOW_BYTES);
  // One byte stands before it, for the bracket of a list.
  let from = 1;
  let to = 1;
  let read = 0;
  const at = (place: number): number => (place < from ? -1 : place - from);
  const textOf = (begin: number, end: number): string => {
    const bytes = buffer.subarray(begin, end);
    if (isAscii(bytes)) return bytes.toString("latin1");
    if (!isUtf8(bytes)) throw new UnusualLayout();
    return bytes.toString();
  };
  const take = (length: number): string => {
    from += length;
    return textOf(from - length, from);
  };
  return {
    take,
    /** What stands there and commas between, as a list. */
    takeList(length: number): Placed {
      const after = buffer[from + length];
      buffer[from - 1] = BRACKET;
      buffer[from + length] = CLOSING_BRACKET;
      const text = textOf(from - 1, from + length + 1);
      buffer[from + length] = after ?? 0;
      const at = read - (to - from);
      from += length;
      return { text, at };
    },
    skip: (length: number): void => {
      from += length;
    },
    rest: () => take(to - from),
    bytes: () => read,
    /** False at the end of the file. */
    more(): boolean {
      buffer.copyWithin(0, from - 1, to);
      to -= from - 1;
      from = 1;
      if (to === buffer.length) {
        if (to >= LARGEST_WINDOW_BYTES) throw new UnusualLayout();
        buffer = Buffer.concat([buffer, Buffer.allocUnsafe(to)]);
      }
      const count = readSync(file, buffer, to, buffer.length - to, null);
      to += count;
      read += count;
      return count > 0;
    },
    /** From where the window begins; -1 when it is not in it. */
    find: (text: string): number => at(buffer.subarray(0, to).indexOf(text, from, "latin1")),
    findLast: (text: string): number =>
      at(buffer.subarray(0, to).lastIndexOf(text, undefined, "latin1")),
  };
}
