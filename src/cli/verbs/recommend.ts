import { ExitCode } from "../../support/errors.ts";
import { jsonText } from "../output/json.ts";
import {
  CATEGORIES,
  choice,
  jsonOption,
  outputOptions,
  resultsOptions,
  withImportedOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "recommend",
  group: "results",
  summary: "Recommend a configuration from what was measured",
  about: [
    "Answers three questions: what it is for, what an hour may cost, which model size is preferred. On a terminal it asks for what the options leave open; elsewhere all three have to be given.",
  ],
  related: ["benchmark-compare", "report"],
  synonyms: ["choose", "suggest"],
  options: [
    choice("--task <task>", "what it is for", [...CATEGORIES, "mixed"]),
    choice("--budget <budget>", "dollars an hour", ["under-1", "1-3", "over-3", "none"]),
    choice("--size <size>", "which model size is preferred", ["smallest", "balanced", "largest"]),
    withImportedOption,
    ...resultsOptions,
    jsonOption,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep recommend",
    "maider-sweep recommend --task coding --budget none --size balanced",
  ],
  notices: ["held-vms", "open-runs"],
  handler: async (call) => {
    const { options, terminal } = call;
    const { stdout } = terminal;
    const { askRecommendation, checkAnswers } = await import("../ask-recommendation.ts");
    checkAnswers(options, terminal);
    const { queryContents } = await import("../read-results.ts");
    const { records } = await queryContents(call);
    const { NO_RECOMMENDATION, recommendationText } = await import("../../report/query-text.ts");
    if (records.length === 0 && !options.json) {
      stdout.write(`${NO_RECOMMENDATION}\n`);
      return ExitCode.done;
    }
    const answers = await askRecommendation(options, terminal);
    const { recommend } = await import("../../results/query/recommend.ts");
    const { rebenchOffers } = await import("../../run/rebench/price-rebench.ts");
    const withImported = options.withImported === true;
    const found = recommend({ records, ...answers, withImported });
    const more = await rebenchOffers(records, found.unsettled, Date.now());
    if (options.json) {
      const { recommendationJson } = await import("../output/recommendation-json.ts");
      stdout.write(jsonText({ ...answers, ...recommendationJson(found), more }));
      return ExitCode.done;
    }
    const { tableStyle } = await import("../output/table-style.ts");
    const isEmpty = found.recommendations.length + found.unstable.length === 0;
    const text = isEmpty
      ? NO_RECOMMENDATION
      : recommendationText(found, more, tableStyle(terminal));
    stdout.write(`${text}\n`);
    return ExitCode.done;
  },
});
