/** Memory of the fullest GPU from vLLM's start-up log, GiB. Undefined if the log does not have the line. */
export interface StartupMemory {
  /** What is left for the KV cache. */
  readonly cacheGib: number | undefined;
  /** What the CUDA graphs take. */
  readonly graphsGib: number | undefined;
}

/** From the lines "Available KV cache memory" and "CUDA graph pool memory", which every worker writes. */
export function startupMemory(log: string): StartupMemory {
  const figures = (pattern: RegExp): number[] =>
    [...log.matchAll(pattern)].map(([, gib]) => Number(gib));
  const caches = figures(/Available KV cache memory: (-?[\d.]+) GiB/g);
  const pools = figures(/CUDA graph pool memory: (-?[\d.]+) GiB \(actual\)/g);
  // vLLM before 0.19 does not write the line about the pool.
  const graphs =
    pools.length > 0 ? pools : figures(/Graph capturing finished in .* took (-?[\d.]+) GiB/g);
  return {
    cacheGib: caches.length === 0 ? undefined : Math.min(...caches),
    graphsGib: graphs.length === 0 ? undefined : Math.max(...graphs),
  };
}
