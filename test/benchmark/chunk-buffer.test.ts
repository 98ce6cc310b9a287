import { array, assert, constantFrom, nat, oneof, property } from "fast-check";
import { expect, it } from "vitest";
import { chunkBuffer } from "../../src/benchmark/chunk-buffer.ts";

it("returns every chunk with its timestamp, whatever its length", () => {
  const length = oneof(nat(700), nat(70_000), constantFrom(0, 65_536));
  assert(
    property(array(length, { maxLength: 40 }), (lengths) => {
      const log = chunkBuffer();
      const reads = lengths.map((size, stamp) => ({ stamp, bytes: Buffer.alloc(size, stamp + 1) }));
      for (const { stamp, bytes } of reads) log.add(stamp, bytes);
      const got = [...log];
      expect(got.map(({ stamp }) => stamp)).toEqual(reads.map(({ stamp }) => stamp));
      expect(got.every(({ bytes }, index) => reads[index]?.bytes.equals(bytes))).toBe(true);
      expect(log.bytes).toBe(lengths.reduce((sum, size) => sum + size, 0));
      expect(log.lastStamp).toBe(reads.at(-1)?.stamp);
    }),
    { numRuns: 60 },
  );
});

it("copies the bytes, so that the caller may reuse its memory", () => {
  const log = chunkBuffer();
  const read = Buffer.from("one");
  log.add(1, read);
  read.fill("x");
  expect([...log].map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(["one"]);
});
