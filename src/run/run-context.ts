import type { Estimate } from "../estimate/estimate.ts";
import type { SweepEvent } from "../journal/events.ts";
import type { CoveragePlan } from "../plan/coverage-plan.ts";
import type { RunState } from "../run-state/run-state.ts";
import type { Destroyer } from "../teardown/alarm-text.ts";
import type { Alarm } from "../teardown/teardown-ports.ts";
import type { MicroUsd } from "../support/money.ts";
import type { Signals } from "../support/interrupts.ts";

/** What a run may use of the process that it runs in. */
export interface RunContext {
  /** Secrets are read from it, and removed. */
  readonly env: NodeJS.ProcessEnv;
  readonly signals: Signals;
  readonly reporter: RunReporter;
}

/** How a run reaches a person. Texts have no prefix and no line break at the end. */
export interface RunReporter {
  /** Something that the person should act on, or know. */
  warn(text: string): void;
  /** Something about a destruction that a person must know at once; the same one is reported once. */
  alarm(alarm: Alarm, by: Destroyer): void;
  /** What happens now. */
  note(text: string): void;
  /** What the program waits for; a person who wants no progress does not see it. */
  waiting(text: string): void;
  /** Begins to show a run's events. */
  showProgress(run: ShownRun): Promise<ProgressView>;
  /** Whether a run that will cost so much may begin; left out, it may. */
  confirm?(planned: RunToConfirm): Promise<boolean>;
  /** Called once a run has a journal and a guard. */
  started?(run: string, folder: string): Promise<void>;
}

/** A plan, and what it will cost. */
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
  /** How long the estimate says it takes. */
  readonly expectedMinutes: number;
  /** Set for a run that is resumed: what happened before. */
  readonly before: RunState | undefined;
}

/** Shows a sweep's events as they become durable. */
export interface ProgressView {
  show(event: SweepEvent): void;
  /** Redraws what depends on the clock; views that show no such thing lack it. */
  tick?(nowMs: number): void;
  /** Shows a warning at once; views that leave the terminal to others lack it. */
  warn?(text: string): void;
  /** Restores the terminal. Nothing else may be printed before this while a live view is shown. */
  close(): Promise<void>;
}
