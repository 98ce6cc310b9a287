import type { Arrival } from "../vllm/sse.ts";

const SLAB_BYTES = 64 * 1024;

/** The chunks of a stream, in order, with timestamps. */
export interface ChunkBuffer extends Iterable<Arrival> {
  add(stamp: number, bytes: Uint8Array): void;
  /** Timestamp of the last chunk. */
  readonly lastStamp: number | undefined;
  /** Total size of all chunks. */
  readonly bytes: number;
}

/**
 * Copies the bytes into large buffers. A stored chunk keeps four objects alive, and with ten thousand chunks a garbage
 * collection would pause all streams for milliseconds, delaying the timestamps of the next tokens.
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
