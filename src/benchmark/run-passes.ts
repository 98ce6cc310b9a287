import { VOID_REPEATS } from "../evidence/method.ts";
import type { PassResult, TestResult } from "../evidence/pass.ts";
import type { Verdict } from "../evidence/record.ts";
import type { Pace, PassRequest, RunPass } from "./benchmark.ts";

/** Passes on one server that has been warmed up. */
export interface PassesRequest extends Omit<PassRequest, "onTest"> {
  /** Their numbers, in order: `[1, 2, 3]`, or what a former owner of the run has left to do. */
  readonly passes: readonly number[];
}

/** What a loop over passes calls. Whatever returns a promise is awaited, so that none of it happens during a measurement. */
export interface PassHandlers {
  /** May throw `PassInvalidated`: the attempt then counts as void. */
  readonly runPass: RunPass;
  /** An attempt begins; `voided` says why the previous attempt at this pass was void. */
  onStart(pass: number, voided: string | undefined): Promise<void> | void;
  /** As in `PassRequest`. */
  onTest(pass: number, test: TestResult, index: number, tests: number): void;
  /** The pass is sound or failed. Returns why no further pass can be made, e.g. that the server has died. */
  onPass(pass: number, result: PassResult): Promise<string | undefined>;
  /** The attempt is void; `result` is undefined when it was invalidated before its end. */
  onVoid(pass: number, reason: string, result: PassResult | undefined): Promise<void>;
}

/** Something outside the measurement, e.g. a jump of the clock, has made it worthless; it is run again. */
export class PassInvalidated extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PassInvalidated";
  }
}

/**
 * Runs the passes. A void attempt is repeated at most `VOID_REPEATS` times in a row, with another seed; after that, or
 * when `onPass` says so, the remaining passes are left out. Returns why, undefined when all were made.
 * @throws what a handler threw, a lost link among it, or the signal's reason.
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

/** Counters that another client has changed say nothing of the server's speed. */
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
