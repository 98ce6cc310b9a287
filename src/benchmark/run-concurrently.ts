/**
 * Runs `count` copies of the same work concurrently. The first failure aborts the others; its error is thrown once all
 * have ended.
 */
export async function runConcurrently(
  count: number,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const running = Array.from({ length: count }, async () => {
    try {
      await work(either);
    } catch (error) {
      failure.abort(error);
    }
  });
  await Promise.all(running);
  either.throwIfAborted();
}
