import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serverSentEvents } from "../../src/vllm/sse.ts";
import type { Arrival } from "../../src/vllm/sse.ts";

const whole = (text: string, stamp = 1): Arrival[] => [{ stamp, bytes: Buffer.from(text) }];
const data = (arrivals: Arrival[]): string[] =>
  [...serverSentEvents(arrivals)].map((event) => event.data);

describe("server-sent events", () => {
  it.each([
    ["data: a\n\ndata: b\n\n", ["a", "b"]],
    ["data:a\n\n", ["a"]],
    ["data:  a\n\n", [" a"]],
    ["data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]],
    ["data: a\rdata: b\r\r", ["a\nb"]],
    ["data: a\ndata: b\n\n", ["a\nb"]],
    ["data\n\n", [""]],
    [": a comment\ndata: a\n\n: ping\n\n", ["a"]],
    ["event: x\nid: 7\nretry: 10\ndata: a\n\n", ["a"]],
    ["\uFEFFdata: a\n\n", ["a"]],
    ["\n\n\ndata: a\n\n\n\n", ["a"]],
    ["database: a\n\n", []],
    ["data: a\n\ndata: cut", ["a", "cut"]],
    ["data: a\n", ["a"]],
    ["", []],
  ])("reads %j", (text, events) => {
    expect(data(whole(text))).toEqual(events);
  });

  it("gives an event the stamp of the read that completes it", () => {
    const events = [
      ...serverSentEvents([
        { stamp: 10, bytes: Buffer.from("data: a\n") },
        { stamp: 20, bytes: Buffer.from("\ndata: b\n\ndata") },
        { stamp: 30, bytes: Buffer.from(": c\n\n") },
      ]),
    ];
    expect(events.map((event) => event.stamp)).toEqual([20, 20, 30]);
  });

  it("does not care where the bytes are split, inside a character or a field name", () => {
    const text = `data: {"a":"grüße 🚋"}\r\n\r\n: c\r\ndata: [DONE]\r\n\r\n`;
    const bytes = Buffer.from(text);
    const expected = data(whole(text));
    expect(expected).toEqual(['{"a":"grüße 🚋"}', "[DONE]"]);
    for (let at = 0; at <= bytes.length; at += 1)
      expect(
        data([
          { stamp: 1, bytes: bytes.subarray(0, at) },
          { stamp: 2, bytes: bytes.subarray(at) },
        ]),
      ).toEqual(expected);
  });

  it("gives back whatever was written, in any number of reads", () => {
    const line = fc.string({ unit: "binary" }).map((text) => text.replaceAll(/[\r\n]/g, " "));
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 5 }),
        fc.array(fc.nat(99), { maxLength: 8 }),
        (lines, cuts) => {
          const bytes = Buffer.from(lines.map((text) => `data: ${text}\n\n`).join(""));
          const places = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b)];
          const arrivals = places.map((place, index) => ({
            stamp: index,
            bytes: bytes.subarray(place, places[index + 1]),
          }));
          expect(data(arrivals)).toEqual(lines.map((text) => Buffer.from(text).toString()));
        },
      ),
    );
  });
});
