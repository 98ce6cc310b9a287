import type { ServerResponse } from "node:http";

export interface ChunkWriting {
  /** Cuts the body into chunks of so many bytes instead of one an event. */
  readonly bytes?: number | undefined;
  /** These are the last: the reply ends in the same write. */
  readonly ends?: boolean | undefined;
}

/**
 * Writes events as chunks of a chunked body, one chunk an event, all events of a turn in one write. Framed by hand:
 * `res.write` would hand each chunk's three parts to an SSH channel as three packets, or merge the chunks of a turn.
 */
export function writeChunks(
  res: ServerResponse,
  events: readonly string[],
  { bytes, ends = false }: ChunkWriting = {},
): void {
  const socket = res.socket;
  if (socket === null || socket.destroyed || res.writableEnded) return;
  const last = ends ? LAST_CHUNK : "";
  if (bytes === undefined)
    write(socket, events.map((event) => frame(Buffer.byteLength(event), event)).join("") + last);
  else {
    const body = Buffer.from(events.join(""));
    for (let start = 0; start < body.length; start += bytes) {
      const part = body.subarray(start, start + bytes);
      write(socket, Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, CRLF]));
    }
    write(socket, last);
  }
  if (!ends) return;
  // The last chunk is out already: Node must not write one of its own.
  res.chunkedEncoding = false;
  res.end();
}

const CRLF = Buffer.from("\r\n");
const LAST_CHUNK = "0\r\n\r\n";

function write(socket: NonNullable<ServerResponse["socket"]>, data: string | Buffer): void {
  if (data.length > 0) socket.write(data);
}

function frame(length: number, text: string): string {
  return `${length.toString(16)}\r\n${text}\r\n`;
}
