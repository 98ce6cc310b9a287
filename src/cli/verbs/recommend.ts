import { ExitCode } from "../../support/errors.ts";
import { jsonText } from "../output/json.ts";
import {
  CATEGORIES,
  choice,
  jsonOption,
  option,
  outputOptions,
  resultsOptions,
  wholeNumber,
  withImportedOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "recommend",
  group: "results",
  summary: "Recommend a configuration from what was measured",
  about: [
    "Answers three questions: what it is for, what an hour may cost, which model size is preferred. On a terminal it asks for those that no option answers; elsewhere `--task` is required, any price will do, and the size is balanced.",
    "Confidence ranks first (3 passes or more, then 2, then 1), then tokens per second for each dollar an hour. `--size` decides only between results of the same confidence that are within 10 % of each other.",
    "With `--users` the answer is for so many requests at once: by the throughput and the price that were measured with at least as many in flight (`load` in a plan).",
  ],
  related: ["benchmark-compare", "report"],
  synonyms: ["choose", "suggest"],
  options: [
    choice("--task <task>", "what it is for", [...CATEGORIES, "mixed"]),
    choice("--budget <budget>", "dollars an hour (default none: any price)", [
      "under-1",
      "1-3",
      "over-3",
      "none",
    ]),
    choice("--size <size>", "model size, among results within 10 % (default balanced)", [
      "smallest",
      "balanced",
      "largest",
    ]),
    option("--users <n>", "for so many users at once (default 1)").argParser(wholeNumber),
    withImportedOption,
    ...resultsOptions,
    jsonOption,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep recommend",
    "maider-sweep recommend --task coding --budget none --size balanced",
    "maider-sweep recommend --task coding --budget under-1 --users 4",
  ],
  notices: ["held-vms", "open-runs"],
  handler: async (call) => {
    const { options, terminal } = call;
    const { stdout } = terminal;
    const { askRecommendation, checkAnswers } = await import("../ask-recommendation.ts");
    checkAnswers(options, terminal);
    const { queryContents } = await import("../read-results.ts");
    const { records } = await queryContents(call);
    const { NO_RECOMMENDATION, recommendationText } =
      await import("../../report/recommendation-text.ts");
    if (records.length === 0 && !options.json) {
      stdout.write(`${NO_RECOMMENDATION}\n`);
      return ExitCode.done;
    }
    const answers = await askRecommendation(options, terminal);
    const { recommend } = await import("../../results/query/recommend.ts");
    const { pairOffers } = await import("../../run/rebench/refresh-cost.ts");
    const [nowMs, users] = [Date.now(), options.users ?? 1];
    const withImported = options.withImported === true;
    const found = recommend({ records, ...answers, users, nowMs, withImported });
    const more = await pairOffers(records, found.unsettled, nowMs);
    if (options.json) {
      const { recommendationJson } = await import("../output/recommendation-json.ts");
      stdout.write(jsonText({ ...answers, users, ...recommendationJson(found), more }));
      return ExitCode.done;
    }
    const { tableStyle } = await import("../output/table-style.ts");
    const asked = { ...answers, users, nowMs };
    stdout.write(`${recommendationText(found, more, asked, tableStyle(terminal))}\n`);
    return ExitCode.done;
  },
});
