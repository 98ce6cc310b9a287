/** A pseudorandom stream, determined by its seed and name. */
export interface Random {
  /** At least 0 and below 1. */
  next(): number;
  between(low: number, high: number): number;
  /** An integer of at least 0 and below `end`. */
  below(end: number): number;
  /** An independent stream, which is not affected by draws from this one. */
  named(name: string): Random;
}

/** SplitMix32, seeded with an FNV-1a hash. */
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
