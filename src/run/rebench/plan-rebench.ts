import { STALE_AFTER_DAYS, SUITE_VERSION } from "../../evidence/method.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { shellWord } from "../../support/shell-word.ts";
import { refreshDefaults } from "./refresh-cost.ts";
import {
  suggestPair,
  buildRefreshPlan,
  type PlanDefaults,
  type RefreshPlan,
} from "./build-refresh-plan.ts";

interface Pair {
  readonly gpu: string;
  readonly model: string;
}

/** The options of `rebench`. */
export interface RebenchOptions {
  /** A single configuration; undefined means all stale ones. */
  readonly only: Pair | undefined;
  /** Undefined means as many as each record's plan asked for. */
  readonly passes: number | undefined;
  /** Undefined means the value of `plans/refresh.yaml`. */
  readonly staleAfterDays: number | undefined;
}

/** @throws SweepError exit 2 when the one configuration that was asked for cannot be benchmarked */
export async function planRebench(
  records: readonly BenchmarkRecord[],
  { only, passes, staleAfterDays }: RebenchOptions,
): Promise<RefreshPlan> {
  const defaults = await refreshDefaults();
  const made = buildRefreshPlan({
    records,
    defaults,
    suite: SUITE_VERSION,
    passes,
    nowMs: Date.now(),
    staleAfterDays: staleAfterDays ?? daysOf(defaults),
    only,
  });
  const [left] = made.left;
  if (only === undefined || left === undefined) return made;
  const meant = suggestPair(only, defaults);
  throw new SweepError(`${only.gpu} with ${only.model} cannot be benchmarked again`, {
    exitCode: ExitCode.usage,
    reason: left.reasons.join("; "),
    hint:
      meant === undefined
        ? "nothing was sent; `maider-sweep benchmark-status` lists what has been measured"
        : `nothing was sent; did you mean --gpu ${shellWord(meant.gpu)} --model ${shellWord(meant.model)}?`,
  });
}

function daysOf({ stale_after_days: days }: PlanDefaults): number {
  return typeof days === "number" ? days : STALE_AFTER_DAYS;
}
