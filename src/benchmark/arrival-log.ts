import type { Arrival } from "./sse.ts";

const SLAB_BYTES = 64 * 1024;

/** What a stream's reads brought, with stamps. */
export interface ArrivalLog {
  add(stamp: number, bytes: Uint8Array): void;
  /** Of the last read. */
  readonly lastStamp: number | undefined;
  all(): Arrival[];
}

/**
 * The bytes are copied into slabs: a read that is kept as it is keeps four objects alive, and with some ten thousand
 * of them a garbage collection stops all streams for milliseconds, just when the next tokens come.
 */
export function arrivalLog(): ArrivalLog {
  const slabs: Buffer[] = [];
  const stamps: number[] = [];
  const lengths: number[] = [];
  let free = 0;
  return {
    add: (stamp, bytes) => {
      stamps.push(stamp);
      lengths.push(bytes.length);
      let slab = slabs.at(-1);
      if (slab === undefined || free < bytes.length) {
        slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes.length));
        slabs.push(slab);
        free = slab.length;
      }
      slab.set(bytes, slab.length - free);
      free -= bytes.length;
    },
    get lastStamp() {
      return stamps.at(-1);
    },
    all: () => {
      let index = 0;
      let start = 0;
      return stamps.map((stamp, read) => {
        const length = lengths[read] ?? 0;
        if (start + length > (slabs[index]?.length ?? 0)) {
          index += 1;
          start = 0;
        }
        const bytes = slabs[index]?.subarray(start, start + length) ?? new Uint8Array();
        start += length;
        return { stamp, bytes };
      });
    },
  };
}
