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
const WINDOW_BYTES = 8_388_608;

/**
 * The elements of a large database one by one, so that it is never held as a whole; its layout tells where they end.
 * The file is sound JSON exactly when all elements are and the frame around them is, which is seen at the end.
 * @throws UnusualLayout, SyntaxError: then what has come so far is worth nothing.
 */
export function* streamDatabase(path: string): Generator<unknown, Frame> {
  const file = openSync(path, "r");
  try {
    const window = openWindow(file);
    const opening = window.find(OPENING);
    if (opening < 0) throw new UnusualLayout();
    const head = window.take(opening + OPENING.length - 1);
    let likely = 0;
    for (;;) {
      // Elements are about as long as one another: half of one need not be searched.
      const found = elementIn(window, likely) ?? elementIn(window, 0);
      if (found === undefined) break;
      yield found.value;
      likely = Math.floor(found.length / 2);
      window.skip(found.length + BETWEEN.length - ELEMENT_END.length - 1);
    }
    const last = window.findLast(CLOSING);
    if (last < 0) throw new UnusualLayout();
    yield JSON.parse(window.take(last + ELEMENT_END.length));
    return { version: versionIn(head, window.rest()), bytes: window.bytes() };
  } finally {
    closeSync(file);
  }
}

/** The next element, if its end lies behind `from`: two elements with their comma are no JSON. */
function elementIn(
  window: ReturnType<typeof openWindow>,
  from: number,
): { readonly value: unknown; readonly length: number } | undefined {
  const end = window.find(BETWEEN, from);
  if (end < 0) return undefined;
  const length = end + ELEMENT_END.length;
  try {
    return { value: JSON.parse(window.look(length)), length };
  } catch (error) {
    if (from === 0) throw error;
    return undefined;
  }
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

/** A stretch of the file that moves on as it is used up; no element is longer than it. */
function openWindow(file: number) {
  const buffer = Buffer.allocUnsafe(WINDOW_BYTES);
  let from = 0;
  let to = 0;
  let read = 0;
  const more = (): boolean => {
    buffer.copyWithin(0, from, to);
    to -= from;
    from = 0;
    if (to === buffer.length) throw new UnusualLayout();
    const count = readSync(file, buffer, to, buffer.length - to, null);
    to += count;
    read += count;
    return count > 0;
  };
  const look = (length: number): string => {
    const bytes = buffer.subarray(from, from + length);
    if (isAscii(bytes)) return bytes.toString("latin1");
    if (!isUtf8(bytes)) throw new UnusualLayout();
    return bytes.toString();
  };
  const take = (length: number): string => {
    const text = look(length);
    from += length;
    return text;
  };
  return {
    look,
    take,
    skip: (length: number): void => {
      from += length;
    },
    rest: () => take(to - from),
    bytes: () => read,
    /** From where the window begins; -1 when it is nowhere in the rest of the file. */
    find(text: string, after = 0): number {
      for (;;) {
        const at = buffer.subarray(0, to).indexOf(text, from + after, "latin1");
        if (at >= 0) return at - from;
        if (!more()) return -1;
      }
    },
    /** Once everything has been read. */
    findLast(text: string): number {
      const at = buffer.subarray(0, to).lastIndexOf(text, undefined, "latin1");
      return at < from ? -1 : at - from;
    },
  };
}
