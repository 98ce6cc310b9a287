/** Memory of the fullest GPU as vLLM's start-up log tells it, GiB; undefined = it does not say. */
export interface StartupMemory {
  /** What is left for the KV cache. */
  readonly cacheGib: number | undefined;
  /** What the CUDA graphs take. */
  readonly graphsGib: number | undefined;
}

/** From the lines "Available KV cache memory" and "CUDA graph pool memory", of which each worker writes its own. */
export function startupMemory(log: string): StartupMemory {
  const figures = (pattern: RegExp): number[] =>
    [...log.matchAll(pattern)].map(([, gib]) => Number(gib));
  const caches = figures(/Available KV cache memory: (-?[\d.]+) GiB/g);
  const pools = figures(/CUDA graph pool memory: (-?[\d.]+) GiB \(actual\)/g);
  // Before 0.19 the line about the pool did not exist.
  const graphs =
    pools.length > 0 ? pools : figures(/Graph capturing finished in .* took (-?[\d.]+) GiB/g);
  return {
    cacheGib: caches.length === 0 ? undefined : Math.min(...caches),
    graphsGib: graphs.length === 0 ? undefined : Math.max(...graphs),
  };
}
