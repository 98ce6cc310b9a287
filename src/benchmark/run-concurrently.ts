/** Runs a lane so many times at once. The first that fails ends the others; its error is thrown when all are still. */
export async function runConcurrently(
  count: number,
  lane: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const lanes = Array.from({ length: count }, async () => {
    try {
      await lane(either);
    } catch (error) {
      failure.abort(error);
    }
  });
  await Promise.all(lanes);
  either.throwIfAborted();
}
