import type { SweepEvent } from "../../journal/events.ts";
import { readJournal } from "../../journal/journal-file.ts";
import { listRuns, lockHome, runFolder } from "../../journal/state-folder.ts";
import type { Configuration, CoveragePlan } from "../../plan/coverage-plan.ts";
import { foldRun, isUnsettled } from "../../run-state/fold-run.ts";
import type { RunState } from "../../run-state/run-state.ts";
import { isWorldGone } from "../../simulator/client/control-client.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import type { MicroUsd } from "../../support/money.ts";
import { recordedPasses } from "../../sweep/recorded-passes.ts";
import { simulatedStateDir } from "../locations.ts";
import type { RunContext } from "../run-context.ts";
import type { CloudTargetRequest, RunRequest } from "../run-request.ts";
import { readSettings, type RunSettings } from "./saved-settings.ts";
import { readSavedPlan } from "./saved-plan.ts";

/** An interrupted run, as read from its folder. */
export interface SavedRun {
  readonly run: string;
  readonly folder: string;
  readonly state: RunState;
  /** When it began, milliseconds since the epoch. */
  readonly openedMs: number;
  /** A run keeps the cap that it began with. */
  readonly cap: MicroUsd;
  /** Whether its journal has lost events, so that no more VMs may be created for it. */
  readonly damaged: boolean;
  /** The unfinished part of its plan. */
  readonly plan: CoveragePlan;
  readonly settings: RunSettings;
  /** The cloud for the resume. */
  readonly cloud: CloudTargetRequest;
  /** Whether its simulated world has ended, so that it is resumed in a new one. */
  readonly worldGone: boolean;
  /** Whether every pass has a record and nothing is billed. */
  readonly complete: boolean;
}

/** @throws SweepError exit 2 when there is no such run, or it cannot be resumed */
export async function readSavedRun(
  run: string,
  request: RunRequest,
  context: RunContext,
): Promise<SavedRun> {
  const { cloud, overrides } = request;
  const { stateDir } = cloud.locations;
  const simulated = listRuns(simulatedStateDir(stateDir)).includes(run);
  const home = simulated ? simulatedStateDir(stateDir) : stateDir;
  const folder = runFolder(home, run);
  const { damaged, events } = readJournal(folder);
  const state = foldRun(events);
  const { opened } = state;
  if (opened === undefined)
    throw usage(`there is no run ${run} to resume`, "maider-sweep status lists them");
  if (lockHome(home, run) === folder)
    throw usage(
      `the run ${run} is a VM that was left up, not a sweep`,
      "maider-sweep list shows it, maider-sweep down lets it go",
    );
  if (overrides.maxCost !== undefined)
    throw usage(
      "--max-cost does not go with --resume",
      "leave it out; or begin a new run with --skip-fresh",
      "a run keeps the cap that it began with",
    );
  const settings = await readSettings(folder);
  const wanted = { ...request, overrides: { ...settings.overrides, ...definedOnly(overrides) } };
  // Later versions journal the GPU types of the plan.
  const byVersion01 = opened.gpus === undefined;
  const planned = await readSavedPlan(folder, run, wanted, context, byVersion01);
  const plan = remainingPlan(planned, events);
  const worldGone = opened.world !== null && (await isWorldGone(opened.api_url, opened.world));
  return {
    run,
    folder,
    state,
    openedMs: Date.parse(opened.ts),
    cap: opened.cap_micro_usd,
    damaged,
    plan,
    settings,
    cloud:
      opened.world === null ? cloud : { ...cloud, simulate: worldGone ? true : opened.api_url },
    worldGone,
    complete: plan.entries.length === 0 && state.closed !== undefined && !isUnsettled(state),
  };
}

function definedOnly<T extends object>(overrides: T): Partial<T> {
  const entries = Object.entries(overrides).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}

/** The plan without configurations that have all their passes. */
function remainingPlan(plan: CoveragePlan, events: readonly SweepEvent[]): CoveragePlan {
  const isOpen = (configuration: Configuration): boolean =>
    recordedPasses(events, configuration) < configuration.passes;
  const entries = plan.entries
    .map((entry) => ({ ...entry, configurations: entry.configurations.filter(isOpen) }))
    .filter(({ configurations }) => configurations.length > 0);
  return { ...plan, entries };
}

function usage(message: string, hint: string, reason?: string): SweepError {
  return new SweepError(message, { exitCode: ExitCode.usage, reason, hint });
}
