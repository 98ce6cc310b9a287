/** Bytes of one read, with the moment at which it came (`performance.now()`). */
export interface Arrival {
  readonly stamp: number;
  readonly bytes: Uint8Array;
}

/** One server-sent event; its moment is that of the read that completed it. */
export interface ServerSentEvent {
  readonly data: string;
  readonly stamp: number;
}

const LF = 0x0a;
const CR = 0x0d;

/**
 * The events of a whole body (WHATWG HTML, "Server-sent events"), however it was split into reads. Lines end in
 * LF, CR or CRLF; comments and fields other than `data` are skipped. What follows the last blank line is given as an
 * event too, so that a body that was cut off can be told from one that ended.
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

/** The stamp of the read that holds a byte; positions must not fall from call to call. */
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
