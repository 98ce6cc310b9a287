/**
 * Stops waiting for work when the signal aborts. The work itself continues, and its failure is then ignored.
 * @throws the error of the work, or the signal's reason
 */
export async function raceAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    reject(signal.reason as Error);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
