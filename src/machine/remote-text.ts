import { isUtf8 } from "node:buffer";
import { CONTROL, stripControls } from "../support/terminal-text.ts";

/** One short line out of what a VM said, safe to show. */
export function plainText(bytes: Buffer | string, longest = 2_000): string {
  const text = stripControls(bytes.toString());
  return text.length > longest ? `…${text.slice(-longest)}` : text;
}

/**
 * Bytes of a log as text of exactly as many UTF-8 bytes, so that whoever follows a log can count on from it: control
 * characters turn into others of the same size, a character that is not whole yet is left for the next read.
 */
export function countableText(bytes: Buffer): string {
  const whole = bytes.subarray(0, bytes.length - unfinishedTail(bytes));
  const sound = isUtf8(whole)
    ? whole.toString("utf8")
    : whole.toString("latin1").replace(/[\u0080-\u00ff]/g, "?");
  return sound
    .replaceAll("\r\n", " \n")
    .replaceAll("\r", "\n")
    .replace(CONTROL, (character) => "?".repeat(Buffer.byteLength(character)));
}

/** Length of a multi-byte character, or a line ending, that has begun at the end but not ended. */
function unfinishedTail(bytes: Buffer): number {
  if (bytes.length > 1 && bytes.at(-1) === 0x0d) return 1;
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return size > back && size > 1 ? back : 0;
  }
  return 0;
}
