import { configurations } from "../../results/query/configurations.ts";
import type { RunState } from "../../run-state/run-state.ts";

/** What a run has measured, as `status --json` prints it. */
export interface RunResult {
  /** Configurations with all their passes. */
  readonly measured: number;
  /** Configurations that the run was to measure. */
  readonly configurations: number;
  /** Sound passes. */
  readonly passes: number;
  /** By median tokens per second; null without a sound pass. */
  readonly fastest: {
    readonly gpu: string;
    readonly model: string;
    readonly tokens_per_sec: number;
  } | null;
}

export function runResult(state: RunState): RunResult {
  const records = state.passes.flatMap((event) =>
    event.type === "pass.finished" ? [event.record] : [],
  );
  const [fastest] = configurations(records).toSorted((a, b) => b.speed.median - a.speed.median);
  return {
    measured: state.configurations.filter((each) => each.state === "measured").length,
    configurations: state.opened?.configurations ?? 0,
    passes: records.length,
    fastest:
      fastest === undefined
        ? null
        : {
            gpu: fastest.gpu,
            model: fastest.model,
            tokens_per_sec: Number(fastest.speed.median.toFixed(2)),
          },
  };
}
