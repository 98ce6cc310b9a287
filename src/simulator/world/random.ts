/** A seeded stream of numbers, the same for the same seed and name. */
export interface Random {
  /** From 0, below 1. */
  next(): number;
  between(low: number, high: number): number;
  /** A whole number from 0, below `end`. */
  below(end: number): number;
  /** An independent stream: draws from one do not change the other. */
  named(name: string): Random;
}

/** SplitMix32 over a hash of the seed (FNV-1a): fast, and good enough for noise. */
export function createRandom(seed: number | string): Random {
  let state = hash(String(seed));
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    below: (end) => Math.floor(next() * end),
    named: (name) => createRandom(`${String(seed)}/${name}`),
  };
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value;
}
