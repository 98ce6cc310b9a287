import { MachineError } from "./machine.ts";

export interface Limits {
  /** Real milliseconds. */
  readonly ceilingMs: number;
  readonly signal: AbortSignal;
  /** Aborts when the connection is lost, with a `MachineError` as its reason. */
  readonly lost?: AbortSignal;
  /** Names the work in the error message. */
  readonly what: string;
}

/**
 * Waits for work over a connection until a timeout, an abort, or the loss of the connection. The timeout is needed since
 * keepalive notices a dead peer, but not one that is up and never answers. `abandon` is called if the wait ends early.
 * @throws MachineError of kind `timeout` or `link_lost`, or the signal's reason
 */
export async function withTimeout<T>(
  work: Promise<T>,
  limits: Limits,
  abandon: () => void,
): Promise<T> {
  const { signal, ceilingMs, lost, what } = limits;
  const interrupted = Promise.withResolvers<never>();
  const onAbort = (): void => interrupted.reject(signal.reason);
  const onLost = (): void => interrupted.reject(lost?.reason);
  const timer = setTimeout(
    () =>
      interrupted.reject(
        new MachineError(
          "timeout",
          `${what}: no answer in ${String(Math.round(ceilingMs / 1000))} s`,
        ),
      ),
    ceilingMs,
  );
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  lost?.addEventListener("abort", onLost, { once: true });
  if (lost?.aborted === true) onLost();
  try {
    return await Promise.race([work, interrupted.promise]);
  } catch (error) {
    work.catch(() => undefined);
    abandon();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    lost?.removeEventListener("abort", onLost);
  }
}
