import type { ServerResponse } from "node:http";

/**
 * Writes events as chunks of a chunked body, one chunk an event, all events of a turn in one write. Framed by hand:
 * `res.write` would hand each chunk's three parts to an SSH channel as three packets, or merge the chunks of a turn.
 */
export function writeChunks(res: ServerResponse, events: readonly string[], bytes?: number): void {
  const socket = res.socket;
  if (socket === null || socket.destroyed || res.writableEnded || events.length === 0) return;
  if (bytes === undefined) {
    socket.write(events.map((event) => frame(Buffer.byteLength(event), event)).join(""));
    return;
  }
  const body = Buffer.from(events.join(""));
  for (let start = 0; start < body.length; start += bytes) {
    const part = body.subarray(start, start + bytes);
    socket.write(Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, CRLF]));
  }
}

const CRLF = Buffer.from("\r\n");

function frame(length: number, text: string): string {
  return `${length.toString(16)}\r\n${text}\r\n`;
}
