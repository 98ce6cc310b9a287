import type { Arrival, Arrivals } from "../vllm/sse.ts";

const SLAB_BYTES = 64 * 1024;

/** What a stream's reads brought, with stamps. */
export interface ChunkBuffer extends Arrivals {
  add(stamp: number, bytes: Uint8Array): void;
  /** Of the last read. */
  readonly lastStamp: number | undefined;
}

/**
 * The bytes are copied into slabs: a read that is kept as it is keeps four objects alive, and with some ten thousand
 * of them a garbage collection stops all streams for milliseconds, just when the next tokens come.
 */
export function chunkBuffer(): ChunkBuffer {
  const stamps: number[] = [];
  const slabs: Buffer[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  let slab = Buffer.alloc(0);
  let used = 0;
  const at = (index: number): Arrival | undefined => {
    const stamp = stamps[index];
    const bytes = slabs[index]?.subarray(starts[index], ends[index]);
    return stamp === undefined || bytes === undefined ? undefined : { stamp, bytes };
  };
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
    },
    get lastStamp() {
      return stamps.at(-1);
    },
    get length() {
      return stamps.length;
    },
    at,
    *[Symbol.iterator]() {
      for (let index = 0; index < stamps.length; index += 1) yield at(index) as Arrival;
    },
  };
}
