import { announceIfSlow } from "../support/announce-if-slow.ts";
import { ExitCode } from "../support/errors.ts";
import { Interrupted } from "../support/interrupts.ts";
import { isLoopback } from "../support/loopback.ts";
import { closeRun, type RunSummary } from "./close-run.ts";
import { detach, type DetachedRun } from "./detach.ts";
import { executeRun } from "./execute-run.ts";
import { openRun } from "./open-run.ts";
import { preflight, type Preflight } from "./preflight/preflight.ts";
import type { RunContext, RunToConfirm } from "./run-context.ts";
import type { RunRequest } from "./run-request.ts";

export type RunOutcome =
  | { readonly kind: "ended"; readonly summary: RunSummary }
  /** The run continues in the background. */
  | { readonly kind: "detached"; readonly started: DetachedRun }
  /** Nothing was created; `message` is undefined if the user declined. */
  | {
      readonly kind: "not started";
      readonly exitCode: ExitCode;
      readonly message: string | undefined;
    };

/**
 * Executes a run: preflight, lock and journal, sweep, summary. Used for new runs, resumed ones and `up`.
 * @throws SweepError if it cannot start, before anything billable exists
 */
export async function startRun(request: RunRequest, context: RunContext): Promise<RunOutcome> {
  try {
    return await start(request, context);
  } catch (error) {
    // An interrupt during a sweep is part of its summary; this one came before the sweep.
    if (!(error instanceof Interrupted)) throw error;
    return notStarted(ExitCode.interrupted, `${error.message}; nothing was created`);
  }
}

async function start(request: RunRequest, context: RunContext): Promise<RunOutcome> {
  const { reporter } = context;
  const checked = await announceIfSlow(preflight(request, context), () => {
    // A simulated cloud answers at once.
    if (request.cloud.simulate === undefined) reporter.waiting(waitText(request));
  });
  for (const warning of checked.warnings) reporter.warn(warning);
  if ("nothingToDo" in checked) return notStarted(ExitCode.done, checked.nothingToDo);
  try {
    if ((await reporter.confirm?.(toConfirm(checked))) === false) return notStarted(ExitCode.done);
    if (request.detach !== undefined) {
      const { stateDir } = request.cloud.locations;
      const child = await detach(request.detach.argv, stateDir, checked.target, context);
      if ("exitCode" in child) return notStarted(child.exitCode, child.output);
      return { kind: "detached", started: child };
    }
    await using run = await openRun(checked, context);
    const end = await executeRun(run, context);
    return { kind: "ended", summary: await closeRun(run, end, context) };
  } finally {
    checked.target.simulated?.release();
  }
}

function toConfirm({ cap, estimate, plan, target }: Preflight): RunToConfirm {
  const isCharged = target.simulated === undefined && !isLoopback(target.apiUrl);
  return { cap, estimate, plan, isCharged };
}

function waitText({ subject }: RunRequest): string {
  return subject.kind === "resume"
    ? `connecting to the cloud of run ${subject.run} ...`
    : "connecting to the Linode API ...";
}

function notStarted(exitCode: ExitCode, message?: string): RunOutcome {
  return { kind: "not started", exitCode, message };
}
