import type { ServerResponse } from "node:http";

const LAST_CHUNK = "0\r\n\r\n";

/**
 * Writes events as chunks of a chunked body, one chunk an event, all events of a turn in one write. Framed by hand:
 * `res.write` would hand each chunk's three parts to an SSH channel as three packets, or merge the chunks of a turn.
 * @param ends the reply ends in the same write
 */
export function writeChunks(res: ServerResponse, events: readonly string[], ends: boolean): void {
  const socket = res.socket;
  if (socket === null || socket.destroyed || res.writableEnded) return;
  const chunks = events.map((event) => `${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`);
  const data = chunks.join("") + (ends ? LAST_CHUNK : "");
  if (data !== "") socket.write(data);
  if (!ends) return;
  // The last chunk is out already: Node must not write one of its own.
  res.chunkedEncoding = false;
  res.end();
}
