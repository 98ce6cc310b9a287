import type { Estimate } from "../estimate/estimate.ts";
import type { SweepEvent } from "../journal/events.ts";
import type { CoveragePlan } from "../plan/coverage-plan.ts";
import type { RunState } from "../run-state/run-state.ts";
import type { Destroyer } from "../teardown/alarm-text.ts";
import type { Alarm } from "../teardown/teardown-ports.ts";
import type { MicroUsd } from "../support/money.ts";
import type { Signals } from "../support/interrupts.ts";

/** The process resources that a run uses. */
export interface RunContext {
  /** The environment; secrets are removed from it when they are read. */
  readonly env: NodeJS.ProcessEnv;
  readonly signals: Signals;
  readonly reporter: RunReporter;
}

/** Output of a run to the user. Texts have no prefix and no line break at the end. */
export interface RunReporter {
  warn(text: string): void;
  /** Reports a problem of a teardown at once; a repeated one is reported only once. */
  alarm(alarm: Alarm, by: Destroyer): void;
  /** Reports progress. */
  note(text: string): void;
  /** Reports that the program is waiting; hidden by `--quiet`. */
  waiting(text: string): void;
  /** Starts showing a run's events. */
  showProgress(run: ShownRun): Promise<ProgressView>;
  /** Whether a run that will cost so much may begin; left out, it may. */
  confirm?(planned: RunToConfirm): Promise<boolean>;
  /** Called once a run has a journal and a guard. */
  started?(run: string, folder: string): Promise<void>;
}

/** A plan with its estimate. */
export interface PlannedRun {
  readonly plan: CoveragePlan;
  readonly estimate: Estimate;
}

/** A run that is about to begin. */
export interface RunToConfirm extends PlannedRun {
  readonly cap: MicroUsd;
  /** Whether its VMs cost real money: not in a simulated cloud, nor behind an API on this machine. */
  readonly isCharged: boolean;
}

export interface ShownRun {
  /** Milliseconds since the epoch, on the run's clock. */
  readonly now: () => number;
  /** The estimated duration. */
  readonly expectedMinutes: number;
  /** The state of a resumed run when it was interrupted. */
  readonly before: RunState | undefined;
}

/** Shows the events of a sweep after they are journaled. */
export interface ProgressView {
  show(event: SweepEvent): void;
  /** Redraws content that depends on the time; undefined if there is none. */
  tick?(nowMs: number): void;
  /** Shows a warning within a live view; undefined if warnings can be printed directly. */
  warn?(text: string): void;
  /** Restores the terminal. Nothing else may be printed before this while a live view is shown. */
  close(): Promise<void>;
}
