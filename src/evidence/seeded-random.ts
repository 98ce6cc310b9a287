import { createHash } from "node:crypto";

/** A reproducible sequence of pseudo-random numbers. */
export interface SeededRandom {
  /** From 0 to 2^32 - 1. */
  uint32(): number;
  /** From 0 (inclusive) to 1 (exclusive). */
  next(): number;
  /** An integer from 0 to `end - 1`. */
  below(end: number): number;
  pick<T>(from: readonly [T, ...T[]]): T;
}

type State = [number, number, number, number];

/** Seeds the generator with the SHA-256 of `seed`. */
export function seededRandom(seed: string): SeededRandom {
  const digest = createHash("sha256").update(seed).digest();
  return xoshiro128ss([0, 4, 8, 12].map((at) => digest.readUInt32LE(at)) as State);
}

/** xoshiro128** 1.1 (Blackman and Vigna, public domain). At least one word of the seed must not be 0. */
export function xoshiro128ss(seed: Readonly<State>): SeededRandom {
  const s: State = [...seed];
  const uint32 = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotateLeft(s[3], 11);
    return result;
  };
  const next = (): number => uint32() / 2 ** 32;
  const below = (end: number): number => Math.floor(next() * end);
  return { uint32, next, below, pick: (from) => from[below(from.length)] ?? from[0] };
}

/** A shuffled copy, by Fisher and Yates. */
export function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = random.below(last + 1);
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
