import { readFileSync } from "node:fs";
import type { Arrival } from "../../src/vllm/sse.ts";
import type { RawReply } from "../../src/benchmark/stream-request.ts";

/** A chunk of a recorded reply. */
export interface RecordedRead {
  /** After the request; 0 if the recording has no times. */
  readonly ms: number;
  readonly bytes: Buffer;
}

export function sample(name: string): string {
  return readFileSync(new URL(`../../fixtures/vllm/${name}.txt`, import.meta.url), "latin1");
}

/** The chunks of a recording in `fixtures/vllm`, including the HTTP head and chunk sizes. */
export function recordedReads(name: string): RecordedRead[] {
  const text = sample(name);
  const mark = text.indexOf("<<<\n");
  const wire = text.slice(mark === -1 ? text.indexOf("HTTP/1.1") : mark + 4);
  const parts = wire.split(/^@(\d+\.\d+)\n/m);
  if (parts.length === 1) return [{ ms: 0, bytes: Buffer.from(wire, "latin1") }];
  const reads: RecordedRead[] = [];
  for (let index = 1; index + 1 < parts.length; index += 2)
    reads.push({
      ms: Number(parts[index]),
      // The recorder added a line feed to each chunk.
      bytes: Buffer.from((parts[index + 1] ?? "").slice(0, -1), "latin1"),
    });
  return reads;
}

/** A recording as the client would store it, without HTTP head and chunk sizes. Timestamps start at 0. */
export function recordedReply(name: string): RawReply {
  const reads = recordedReads(name);
  const all = Buffer.concat(reads.map((read) => read.bytes)).toString("latin1");
  const [head = "", ...rest] = all.split(/\r?\n\r?\n/);
  const separator = all.includes("\r\n\r\n") ? 4 : 2;
  const stampAt = (position: number): number => {
    let end = 0;
    for (const { ms, bytes } of reads) {
      end += bytes.length;
      if (position < end) return ms;
    }
    return reads.at(-1)?.ms ?? 0;
  };
  const chunked =
    head.includes("transfer-encoding: chunked") && /^[0-9a-f]+\r?\n/.test(rest[0] ?? "");
  const start = head.length + separator;
  const arrivals = chunked
    ? dechunk(all, start, stampAt)
    : [{ stamp: stampAt(start), bytes: Buffer.from(all.slice(start), "latin1") }];
  return {
    sent: 0,
    headers: reads[0]?.ms,
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 200),
    arrivals,
    ended: reads.at(-1)?.ms ?? 0,
    broken: undefined,
    exceeded: undefined,
  };
}

function dechunk(text: string, from: number, stampAt: (position: number) => number): Arrival[] {
  const arrivals: Arrival[] = [];
  let position = from;
  for (;;) {
    const [line, hex] = /^([0-9a-f]+)\r?\n/.exec(text.slice(position, position + 20)) ?? [];
    if (line === undefined || hex === undefined || hex === "0") return arrivals;
    const start = position + line.length;
    const end = start + Number.parseInt(hex, 16);
    arrivals.push({
      stamp: stampAt(end - 1),
      bytes: Buffer.from(text.slice(start, end), "latin1"),
    });
    position = end + (text[end] === "\r" ? 2 : 1);
  }
}
