import { crc32 } from "node:zlib";
import type { Envelope, Fact, SweepEvent } from "./events.ts";

const CHECKSUM = /,"crc":"([0-9a-f]{8})"\}$/;

/** A fact as it will stand in the journal, and its line without the line break. */
export function encodeLine(
  fact: Fact,
  envelope: Omit<Envelope, "v" | "crc">,
  redact: (text: string) => string,
): { readonly event: SweepEvent; readonly line: string } {
  const { seq, gen, ts, run } = envelope;
  const { type, ...facts } = fact;
  const text = redact(JSON.stringify({ v: 1, seq, gen, ts, run, type, ...facts }));
  const line = `${text.slice(0, -1)},"crc":"${checksum(text)}"}`;
  return { event: JSON.parse(line) as SweepEvent, line };
}

/** `undefined` for a line that is not whole. */
export function decodeLine(line: string): SweepEvent | undefined {
  // An editor, or a copy through another system, ends lines its own way.
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  const found = CHECKSUM.exec(text);
  if (found === null) return undefined;
  if (checksum(`${text.slice(0, found.index)}}`) !== found[1]) return undefined;
  try {
    return JSON.parse(text) as SweepEvent;
  } catch {
    return undefined;
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}
