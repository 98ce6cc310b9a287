/** vLLM's automatic prefix caching: full blocks, keyed by a hash of the salt and all preceding tokens. */
export interface PrefixCache {
  /** Number of leading prompt tokens whose blocks are cached. The last token never counts: it is always computed. */
  match(tokens: readonly number[], salt: string | undefined): number;
  /** Stores the prompt's full blocks, and evicts the oldest ones. */
  keep(tokens: readonly number[], salt: string | undefined): void;
}

export function createPrefixCache(blockTokens: number, capacityBlocks: number): PrefixCache {
  const held = new Map<number, true>();
  return {
    match: (tokens, salt) => {
      const most = Math.floor((tokens.length - 1) / blockTokens);
      let found = 0;
      for (const key of blockKeys(tokens, salt, blockTokens)) {
        if (found === most || !held.has(key)) break;
        found += 1;
      }
      return found * blockTokens;
    },
    keep: (tokens, salt) => {
      for (const key of blockKeys(tokens, salt, blockTokens)) {
        held.delete(key);
        held.set(key, true);
      }
      for (const oldest of held.keys()) {
        if (held.size <= capacityBlocks) break;
        held.delete(oldest);
      }
    },
  };
}

/** Yields a 52-bit key for each block. */
function* blockKeys(
  tokens: readonly number[],
  salt: string | undefined,
  blockTokens: number,
): Generator<number> {
  let high = 0x811c9dc5;
  let low = 0x9e3779b9;
  const add = (value: number): void => {
    high = Math.imul(high ^ value, 0x01000193);
    low = Math.imul(low ^ (value + (high >>> 15)), 0x85ebca6b);
  };
  for (const character of salt ?? "") add(character.codePointAt(0) ?? 0);
  const whole = tokens.length - (tokens.length % blockTokens);
  for (let index = 0; index < whole; index += 1) {
    add(tokens[index] ?? 0);
    if ((index + 1) % blockTokens === 0) yield (high >>> 0) * 2 ** 20 + ((low >>> 0) & 0xfffff);
  }
}
