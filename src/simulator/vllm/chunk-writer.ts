import type { ServerResponse } from "node:http";

const LAST_CHUNK = "0\r\n\r\n";

/**
 * Writes events to a chunked body, one chunk per event, with a single write. The chunks are framed here, since
 * `res.write` would either send each chunk to an SSH channel in three packets, or merge several events into one chunk.
 * @param ends whether the reply ends in the same write
 */
export function writeChunks(res: ServerResponse, events: readonly string[], ends: boolean): void {
  const socket = res.socket;
  if (socket === null || socket.destroyed || res.writableEnded) return;
  const chunks = events.map((event) => `${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`);
  const data = chunks.join("") + (ends ? LAST_CHUNK : "");
  if (data !== "") socket.write(data);
  if (!ends) return;
  // The last chunk is written already, so Node must not add another one.
  res.chunkedEncoding = false;
  res.end();
}
