import { MachineError } from "../../machine/machine.ts";
import type { Machine, MachineConnector, MachineTarget } from "../../machine/machine.ts";
import type { Clock } from "../../support/clock.ts";

const BETWEEN_TRIES_MS = 3_000;
/** A VM whose host key is still not ours this long after it first answered has another identity than we gave it. */
const HOST_KEY_WINDOW_MS = 3 * 60_000;

/**
 * Logs in as soon as the VM lets us. No secret is sent before the pinned host key was seen.
 * @throws MachineError of the last try once `ceilingMs` is over, the signal's reason when it aborts.
 */
export async function connectWhenReady(
  target: MachineTarget,
  options: {
    readonly connector: MachineConnector;
    readonly clock: Clock;
    readonly ceilingMs: number;
  },
  signal: AbortSignal,
): Promise<Machine> {
  const { connector, clock, ceilingMs } = options;
  const end = clock.now() + ceilingMs;
  let strangerSince: number | undefined;
  for (;;) {
    try {
      return await connector.connect(target, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof MachineError)) throw error;
      if (error.kind === "host_key") {
        strangerSince ??= clock.now();
        if (clock.now() - strangerSince > HOST_KEY_WINDOW_MS) throw error;
      }
      if (clock.now() >= end) throw error;
    }
    await clock.sleep(BETWEEN_TRIES_MS, signal);
  }
}
