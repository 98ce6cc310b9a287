import { crc32 } from "node:zlib";
import type { Envelope, Fact, SweepEvent } from "./events.ts";

const CHECKSUM = /,"crc":"([0-9a-f]{8})"\}$/;

/** Encodes a fact as a line, without the line break, and returns the event that reading it would give. */
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

/** Undefined if the line is incomplete or damaged. */
export function decodeLine(line: string): SweepEvent | undefined {
  // An editor may have changed the line breaks.
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
