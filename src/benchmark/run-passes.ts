import { VOID_REPEATS } from "../evidence/method.ts";
import type { PassResult, TestResult } from "../evidence/pass.ts";
import type { Verdict } from "../evidence/record.ts";
import type { Pace, PassRequest, RunPass } from "./benchmark.ts";

/** Passes to run on a server that is warmed up. */
export interface PassesRequest extends Omit<PassRequest, "onTest"> {
  /** Numbers of the passes, in order: `[1, 2, 3]`, or those that a resumed run has not finished. */
  readonly passes: readonly number[];
}

/** Callbacks of `runPasses`. Promises are awaited, so that no handler runs during a measurement. */
export interface PassHandlers {
  /** May throw `PassInvalidated`: the attempt then counts as void. */
  readonly runPass: RunPass;
  /** An attempt begins; `voided` says why the previous attempt at this pass was void. */
  onStart(pass: number, voided: string | undefined): Promise<void> | void;
  /** As in `PassRequest`. */
  onTest(pass: number, test: TestResult, index: number, tests: number): void;
  /** The pass is sound or failed. Returns a reason to stop, e.g. that the server failed. */
  onPass(pass: number, result: PassResult): Promise<string | undefined>;
  /** The attempt is void; `result` is undefined when it was invalidated before its end. */
  onVoid(pass: number, reason: string, result: PassResult | undefined): Promise<void>;
}

/** An external event, such as a jump of the clock, made the measurement unusable; the pass is repeated. */
export class PassInvalidated extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PassInvalidated";
  }
}

/**
 * Runs the passes. A void attempt is repeated at most `VOID_REPEATS` times in a row, with another seed. Returns a
 * reason if it stopped early, because of too many void attempts or because `onPass` returned one.
 * @throws the signal's reason, or the error of a handler, e.g. a lost link.
 */
export async function runPasses(
  { passes, ...request }: PassesRequest,
  handlers: PassHandlers,
  signal: AbortSignal,
): Promise<string | undefined> {
  let pace = request.pace;
  for (const pass of passes) {
    let voided: string | undefined;
    for (let attempt = 0; ; attempt += 1) {
      if (attempt > VOID_REPEATS)
        return `pass ${String(pass)} was void ${String(attempt)} times: ${voided ?? ""}`;
      await handlers.onStart(pass, voided);
      const result = await attemptPass(
        {
          ...request,
          pace,
          seed: `${request.seed}/${String(pass)}/${String(attempt)}`,
          onTest: (test, index, tests) => handlers.onTest(pass, test, index, tests),
        },
        handlers.runPass,
        signal,
      );
      if (result instanceof PassInvalidated) {
        voided = result.message;
        await handlers.onVoid(pass, voided, undefined);
        continue;
      }
      pace = bestPace(pace, result.verdict);
      if (result.verdict.state !== "void") {
        const stopped = await handlers.onPass(pass, result);
        if (stopped !== undefined) return stopped;
        break;
      }
      voided = result.verdict.reasons.join("; ");
      await handlers.onVoid(pass, voided, result);
    }
  }
  return undefined;
}

/** Only counters that match our requests are used; otherwise another client may have influenced them. */
function bestPace(pace: Pace | undefined, verdict: Verdict): Pace | undefined {
  const { tokens_exact: exact, server_decode_tps: decodeTps, server_ttft_s: ttftS } = verdict;
  if (exact !== true || typeof decodeTps !== "number" || typeof ttftS !== "number") return pace;
  return {
    decodeTps: Math.max(decodeTps, pace?.decodeTps ?? 0),
    ttftS: Math.min(ttftS, pace?.ttftS ?? Infinity),
  };
}

async function attemptPass(
  request: PassRequest,
  runPass: RunPass,
  signal: AbortSignal,
): Promise<PassResult | PassInvalidated> {
  try {
    return await runPass(request, signal);
  } catch (error) {
    if (error instanceof PassInvalidated) return error;
    throw error;
  }
}
