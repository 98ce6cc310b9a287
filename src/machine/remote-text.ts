import { isUtf8 } from "node:buffer";
import { CONTROL, stripControls } from "../support/terminal-text.ts";

/** Text of a VM without control characters, safe to print. Longer text loses its beginning. */
export function plainText(bytes: Buffer | string, maxLength = 2_000): string {
  const text = stripControls(bytes.toString());
  return text.length > maxLength ? `…${text.slice(-maxLength)}` : text;
}

/**
 * Decodes a part of a log into text with the same number of UTF-8 bytes, from which the next read's offset follows.
 * Control characters are replaced by others of the same size; an incomplete character at the end is left for the next
 * read.
 */
export function decodeLogPart(bytes: Buffer): string {
  const complete = bytes.subarray(0, bytes.length - incompleteBytes(bytes));
  const text = isUtf8(complete)
    ? complete.toString("utf8")
    : complete.toString("latin1").replace(/[\u0080-\u00ff]/g, "?");
  return text
    .replaceAll("\r\n", " \n")
    .replaceAll("\r", "\n")
    .replace(CONTROL, (character) => "?".repeat(Buffer.byteLength(character)));
}

/** Number of bytes at the end that begin a multi-byte character, or a line ending, without completing it. */
function incompleteBytes(bytes: Buffer): number {
  if (bytes.length > 1 && bytes.at(-1) === 0x0d) return 1;
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return size > back && size > 1 ? back : 0;
  }
  return 0;
}
