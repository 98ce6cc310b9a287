import { VOID_REPEATS } from "../evidence/method.ts";
import type { PassResult } from "../evidence/pass.ts";
import type { PassRequest } from "./benchmark.ts";
import { runPass } from "./run-pass.ts";
import { warmUp } from "./warm-up.ts";

export interface MeasureRequest extends Omit<PassRequest, "onTest"> {
  /** Sound passes that are wanted. */
  readonly passes: number;
  /** A pass begins; `again` says why the last one was void. */
  readonly onStart: (pass: number, again: string | undefined) => void;
  readonly onTest: PassRequest["onTest"];
  /** A pass that is sound or failed. Awaited, so that nothing of it happens during the next one. */
  readonly onPass: (pass: PassResult) => Promise<void>;
}

/**
 * Warm-up and passes on one server. A void pass is repeated at most `VOID_REPEATS` times in a row; then the rest is
 * left out. Returns why, if it was.
 * @throws what `open` or `onPass` threw, or the signal's reason.
 */
export async function measureServer(
  { passes, onStart, onPass, ...request }: MeasureRequest,
  signal: AbortSignal,
): Promise<string | undefined> {
  await warmUp({ ...request, seed: `${request.seed}/warm-up` }, signal);
  for (let pass = 1; pass <= passes; pass += 1) {
    let voids = 0;
    let again: string | undefined;
    for (;;) {
      onStart(pass, again);
      const seed = `${request.seed}/${String(pass)}/${String(voids)}`;
      const result = await runPass({ ...request, seed }, signal);
      if (result.verdict.state !== "void") {
        await onPass(result);
        break;
      }
      voids += 1;
      again = result.verdict.reasons.join("; ");
      if (voids > VOID_REPEATS)
        return `pass ${String(pass)} was void ${String(voids)} times: ${again}`;
    }
  }
  return undefined;
}
