import type { Clock } from "../support/clock.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import type { FarSide } from "./far-side.ts";
import { isLoopback } from "./simulated-world.ts";

/** Tells a dead-man service that VMs are open and watched; its silence then calls a person. */
export interface Heartbeat {
  /** Ends it; told once more, with `gone`, when something was open and is proved gone. Never rejects. */
  end(allGone: boolean): Promise<void>;
}

const EVERY_MS = 60_000;
const LOOK_EVERY_MS = 5_000;
const PATIENCE_MS = 5_000;

/**
 * Where to: `--heartbeat-url`, or `MAIDER_SWEEP_HEARTBEAT`; nowhere off this machine when the cloud is on it.
 * @throws SweepError exit 2 when it is no address.
 */
export function heartbeatUrl(
  options: Readonly<Record<string, unknown>>,
  env: NodeJS.ProcessEnv,
  far: Pick<FarSide, "apiUrl">,
): string | undefined {
  const given = (options["heartbeatUrl"] as string | undefined) ?? env["MAIDER_SWEEP_HEARTBEAT"];
  if (given === undefined || given === "") return undefined;
  if (!/^https?:$/.test(URL.parse(given)?.protocol ?? "")) {
    throw new SweepError("the heartbeat's address cannot be used", {
      exitCode: ExitCode.usage,
      hint: "give an http or https address with --heartbeat-url or MAIDER_SWEEP_HEARTBEAT",
    });
  }
  return isLoopback(far.apiUrl) && !isLoopback(given) ? undefined : given;
}

/**
 * Sends `open` every minute while a VM is, as the body of a POST. What becomes of it is nobody's business here: a
 * heartbeat that fails calls the person that it is for.
 * @param openVms VMs that are, or may be, billed. @param begun a former owner of the run may have told `open`.
 */
export function startHeartbeat(
  url: string | undefined,
  openVms: () => number,
  clock: Clock,
  begun: boolean,
): Heartbeat {
  if (url === undefined) return { end: () => Promise.resolve() };
  const ended = new AbortController();
  // On a fast clock a few looks a second are enough.
  const lookEveryMs = Math.max(LOOK_EVERY_MS, 250 * clock.speed);
  let toldMs = begun ? -Infinity : undefined;
  const beat = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const open = openVms();
      if (open > 0 && clock.now() >= (toldMs ?? 0) + EVERY_MS) {
        toldMs = clock.now();
        void tell(url, `open: ${String(open)}`);
      }
      await clock.sleep(lookEveryMs, ended.signal).catch(() => undefined);
    }
  };
  void beat().catch(() => undefined);
  return {
    async end(allGone) {
      ended.abort();
      if (allGone && toldMs !== undefined) await tell(url, "gone");
    },
  };
}

async function tell(url: string, body: string): Promise<void> {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const reply = await fetch(url, { method: "POST", body, signal });
    await reply.body?.cancel();
  } catch {
    // Silence is the alarm.
  }
}
