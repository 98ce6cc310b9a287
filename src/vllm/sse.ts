/** The bytes of one read, with the time of its arrival (`performance.now()`). */
export interface Arrival {
  readonly stamp: number;
  readonly bytes: Uint8Array;
}

/** One server-sent event, with the time of the read that completed it. */
export interface ServerSentEvent {
  readonly data: string;
  readonly stamp: number;
}

const LF = 0x0a;
const CR = 0x0d;

/**
 * Parses a complete body into events (WHATWG HTML, "Server-sent events"). Lines end in LF, CR or CRLF; comments and
 * fields other than `data` are ignored. Data after the last blank line yields an event too, so that a truncated body can
 * be recognised.
 */
export function* serverSentEvents(reads: Iterable<Arrival>): Generator<ServerSentEvent> {
  const arrivals = [...reads];
  const body = Buffer.concat(arrivals.map((arrival) => arrival.bytes));
  const stampAt = stampsByPosition(arrivals);
  let data: string[] = [];
  let start = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
  while (start < body.length) {
    let end = start;
    while (end < body.length && body[end] !== LF && body[end] !== CR) end += 1;
    if (end > start) addLine(body.toString("utf8", start, end), data);
    else if (data.length > 0) {
      yield { data: data.join("\n"), stamp: stampAt(end) };
      data = [];
    }
    start = body[end] === CR && body[end + 1] === LF ? end + 2 : end + 1;
  }
  if (data.length > 0) yield { data: data.join("\n"), stamp: stampAt(body.length - 1) };
}

function addLine(line: string, data: string[]): void {
  if (line === "data") data.push("");
  else if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
}

/** Returns a function from a byte's position to the time of its read. Positions must not decrease between calls. */
function stampsByPosition(arrivals: readonly Arrival[]): (position: number) => number {
  let read = 0;
  let end = arrivals[0]?.bytes.length ?? 0;
  return (position) => {
    while (position >= end && read < arrivals.length - 1) {
      read += 1;
      end += arrivals[read]?.bytes.length ?? 0;
    }
    return arrivals[read]?.stamp ?? 0;
  };
}
