import type { BenchmarkRecord } from "../../evidence/record.ts";
import type { Configuration, CoveragePlan } from "../../plan/coverage-plan.ts";
import {
  freshness,
  vllmVersionOf,
  type WantedConfiguration,
} from "../../results/query/freshness.ts";

/** The query for fresh records of a configuration. */
export function wantedConfiguration(
  configuration: Configuration,
  suite: string | undefined,
): WantedConfiguration {
  const { gpu, model, engine, fit, passes, suites, prompts } = configuration;
  return {
    gpu: gpu.id,
    model: model.id,
    vllmVersion: vllmVersionOf(engine.image),
    image: engine.image,
    maxModelLen: engine.maxModelLen,
    gpuMemoryUtilization: engine.gpuMemoryUtilization,
    dtype: engine.dtype === "auto" ? fit.dtype : engine.dtype,
    quantization: engine.quantization,
    enforceEager: engine.enforceEager,
    maxNumSeqs: engine.maxNumSeqs,
    tensorParallel: fit.tensorParallel,
    suite: prompts === undefined ? suite : prompts.id,
    categories: prompts === undefined ? suites : prompts.tests.map(({ category }) => category),
    passes,
  };
}

/** Moves configurations with fresh records in the database to the plan's skipped ones. */
export function skipFresh(
  plan: CoveragePlan,
  records: readonly BenchmarkRecord[],
  options: { readonly suite: string | undefined; readonly nowMs: number },
): CoveragePlan {
  const isFresh = (configuration: Configuration): boolean =>
    freshness({
      wanted: wantedConfiguration(configuration, options.suite),
      records,
      nowMs: options.nowMs,
      staleAfterDays: plan.staleAfterDays,
    }).state === "fresh";
  const skipped = plan.entries.flatMap(({ configurations }) =>
    configurations
      .filter(isFresh)
      .map(({ gpu, model }) => ({ gpu: gpu.id, model: model.id, reason: "fresh in the database" })),
  );
  const entries = plan.entries
    .map((entry) => ({
      ...entry,
      configurations: entry.configurations.filter((one) => !isFresh(one)),
    }))
    .filter(({ configurations }) => configurations.length > 0);
  return { ...plan, entries, skipped: [...plan.skipped, ...skipped] };
}
