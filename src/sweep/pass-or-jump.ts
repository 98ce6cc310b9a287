import type { PassRequest } from "../benchmark/benchmark.ts";
import type { PassResult } from "../evidence/pass.ts";
import { ClockJumped } from "./deadlines.ts";
import type { SweepPorts } from "./ports.ts";

/** What was being measured while time jumped is worth nothing, however it ended. */
export async function passOrJump(
  { measure, nextJump }: Pick<SweepPorts, "measure" | "nextJump">,
  request: PassRequest,
  signal: AbortSignal,
): Promise<PassResult | ClockJumped> {
  const jump = nextJump?.();
  const both = jump === undefined ? signal : AbortSignal.any([signal, jump]);
  try {
    const result = await measure.runPass(request, both);
    return jump?.aborted === true ? new ClockJumped() : result;
  } catch (error) {
    signal.throwIfAborted();
    if (jump?.aborted === true) return new ClockJumped();
    throw error;
  }
}
