import type { ConfigurationResult } from "../../results/query/configurations.ts";
import type { RecommendAnswer } from "../../results/query/recommend.ts";

/** Configurations name the ids of their records: whole records are for exports. */
export function recommendationJson(found: RecommendAnswer): object {
  return {
    ...found,
    recommendations: found.recommendations.map(({ configuration, ...one }) => ({
      ...one,
      configuration: withIdsOnly(configuration),
    })),
    unsettled: found.unsettled.map(withIdsOnly),
    unstable: found.unstable.map(withIdsOnly),
    outsideBudget:
      found.outsideBudget === undefined
        ? null
        : {
            ...found.outsideBudget,
            configuration: withIdsOnly(found.outsideBudget.configuration),
          },
  };
}

function withIdsOnly(row: ConfigurationResult): object {
  return { ...row, id: undefined, records: row.records.map(({ id }) => id) };
}
