import type { Arrival } from "../vllm/sse.ts";

const SLAB_BYTES = 64 * 1024;

/** The reads of a stream, in order, with stamps. */
export interface ChunkBuffer extends Iterable<Arrival> {
  add(stamp: number, bytes: Uint8Array): void;
  /** Of the last read. */
  readonly lastStamp: number | undefined;
  /** Of all reads together. */
  readonly bytes: number;
}

/**
 * The bytes are copied into slabs: a read that is stored as it is holds four objects, and with some ten thousand
 * of them a garbage collection stops all streams for milliseconds, just when the next tokens come.
 */
export function chunkBuffer(): ChunkBuffer {
  const stamps: number[] = [];
  const slabs: Buffer[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  let slab = Buffer.alloc(0);
  let used = 0;
  let total = 0;
  return {
    add: (stamp, bytes) => {
      stamps.push(stamp);
      if (slab.length - used < bytes.length) {
        slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes.length));
        used = 0;
      }
      slab.set(bytes, used);
      slabs.push(slab);
      starts.push(used);
      used += bytes.length;
      ends.push(used);
      total += bytes.length;
    },
    get lastStamp() {
      return stamps.at(-1);
    },
    get bytes() {
      return total;
    },
    *[Symbol.iterator]() {
      for (const [index, stamp] of stamps.entries()) {
        const bytes = (slabs[index] as Buffer).subarray(starts[index], ends[index]);
        yield { stamp, bytes };
      }
    },
  };
}
