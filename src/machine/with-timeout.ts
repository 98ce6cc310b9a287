import { MachineError } from "./machine.ts";

export interface Limits {
  /** Real milliseconds. */
  readonly ceilingMs: number;
  readonly signal: AbortSignal;
  /** Aborts, with a `MachineError` as its reason, when the link is lost. It outlives the work, so it must not keep it. */
  readonly lost?: AbortSignal;
  /** For the message of the time-out. */
  readonly what: string;
}

/**
 * Bounds work on the link by time, by the caller's signal and by the link's own life: keepalive bounds a dead peer,
 * never a live one that does not answer. `abandon` is called once when the work is given up.
 * @throws MachineError of kind `timeout` or `link_lost`, or the signal's reason
 */
export async function withTimeout<T>(
  work: Promise<T>,
  limits: Limits,
  abandon: () => void,
): Promise<T> {
  const { signal, ceilingMs, lost, what } = limits;
  let settle: (error: unknown) => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    settle = reject;
  });
  const onAbort = (): void => settle(signal.reason);
  const onLost = (): void => settle(lost?.reason);
  const timer = setTimeout(
    () =>
      settle(
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
    return await Promise.race([work, givenUp]);
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
