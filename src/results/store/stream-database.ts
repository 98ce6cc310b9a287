import { isAscii, isUtf8 } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";

/** The properties of a database file other than its records. */
export interface DatabaseHeader {
  readonly version: unknown;
  readonly bytes: number;
}

/** The file is not laid out like `json.dump(indent=2)`, or is damaged. */
export class UnusualLayout extends Error {
  constructor() {
    super("the database has another layout or is damaged");
  }
}

const OPENING = '"benchmarks": [\n    {';
const BETWEEN = "\n    },\n    {";
const ELEMENT_END = "\n    }";
const CLOSING = "\n    }\n  ]";
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
/** Large enough for a few records. V8 parses strings of more than 128 kB more slowly. */
const WINDOW_BYTES = 65_536;
const LARGEST_WINDOW_BYTES = 8_388_608;

/**
 * Yields the records of a large database without loading all of it into memory. Record boundaries are found by the
 * layout. The file is known to be valid JSON only after the last record.
 * @throws UnusualLayout or SyntaxError; discard the records yielded before
 */
export function* streamDatabase(path: string): Generator<unknown, DatabaseHeader> {
  const file = openSync(path, "r");
  try {
    const window = openWindow(file);
    while (window.find(OPENING) < 0) if (!window.more()) throw new UnusualLayout();
    const head = window.take(window.find(OPENING) + OPENING.length - 1);
    do {
      const last = window.findLast(BETWEEN);
      if (last < 0) continue;
      yield* window.takeList(last + ELEMENT_END.length);
      window.skip(BETWEEN.length - ELEMENT_END.length - 1);
    } while (window.more());
    const last = window.findLast(CLOSING);
    if (last < 0) throw new UnusualLayout();
    yield* window.takeList(last + ELEMENT_END.length);
    return { version: versionIn(head, window.rest()), bytes: window.bytes() };
  } finally {
    closeSync(file);
  }
}

/** Parses the text around the records, with a number instead of the records. */
function versionIn(head: string, tail: string): unknown {
  const { version = "1.0", benchmarks } = JSON.parse(`${head}7${tail}`) as {
    version?: unknown;
    benchmarks?: unknown;
  };
  if (!Array.isArray(benchmarks) || benchmarks.length !== 1 || benchmarks[0] !== 7)
    throw new UnusualLayout();
  return version;
}

/** A buffer that moves along the file, and grows if a record does not fit. */
function openWindow(file: number) {
  let buffer = Buffer.allocUnsafe(WINDOW_BYTES);
  // The byte before `from` is free for the opening bracket of a list.
  let from = 1;
  let to = 1;
  let read = 0;
  const fromStart = (index: number): number => (index < from ? -1 : index - from);
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
    /** Takes complete records, separated by commas. */
    takeList(length: number): unknown[] {
      const after = buffer[from + length];
      buffer[from - 1] = OPENING_BRACKET;
      buffer[from + length] = CLOSING_BRACKET;
      const text = textOf(from - 1, from + length + 1);
      buffer[from + length] = after ?? 0;
      from += length;
      return JSON.parse(text) as unknown[];
    },
    skip: (length: number): void => {
      from += length;
    },
    rest: () => take(to - from),
    bytes: () => read,
    /** Reads more of the file; false at its end. */
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
    /** Offset from the start of the window, or -1. */
    find: (text: string): number => fromStart(buffer.subarray(0, to).indexOf(text, from, "latin1")),
    findLast: (text: string): number =>
      fromStart(buffer.subarray(0, to).lastIndexOf(text, undefined, "latin1")),
  };
}
