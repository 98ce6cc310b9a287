import { ExitCode, SweepError } from "../../support/errors.ts";
import {
  CATEGORIES,
  choice,
  option,
  outputOptions,
  resultsOptions,
  withImportedOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "benchmark-compare",
  group: "results",
  summary: "Compare results across configurations",
  about: [
    "Ranks what was measured, by speed, by cost per 1,000 tokens or by tokens per second per dollar. With `--task-category` the figures are those of that category, not of the whole pass. CSV and Markdown list what the table does, with a last column that says whether a row is ranked; JSON has the records themselves.",
    "Passes are sound passes, and VMs is how many machines they were made on: `?` where records do not say, as those of the `maider` tool. Its prompts are called `legacy-12` and its method `legacy`; they are not ranked with ours unless `--force` is given.",
  ],
  related: ["recommend", "report"],
  synonyms: ["compare", "results"],
  options: [
    option("-g, --gpu-type <type>", "filter by GPU type: its name, or a part of it"),
    option("-m, --model-category <size>", "filter by category (7b, 14b, 30b, 70b) or by model"),
    choice("-t, --task-category <category>", "filter by task category", CATEGORIES),
    choice("-s, --sort-by <metric>", "what ranks", [
      "tokens_per_sec",
      "cost_per_1k_tokens",
      "cost_efficiency",
    ]).default("tokens_per_sec"),
    choice("-f, --format <format>", "output format", ["table", "json", "csv", "markdown"]).default(
      "table",
    ),
    option("-o, --output <file>", "where it is written (default: stdout)"),
    option("--passes", "in CSV and Markdown, a row for each pass instead of each configuration"),
    option("--force", "rank results together that were measured in different ways"),
    withImportedOption,
    ...resultsOptions,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep benchmark-compare --task-category coding",
    "maider-sweep benchmark-compare --gpu-type rtx6000-2 --sort-by cost_efficiency",
    "maider-sweep benchmark-compare --format csv -o results.csv",
  ],
  notices: ["held-vms", "open-runs"],
  handler: async (call) => {
    const { passes, ...options } = call.options;
    const { format } = options;
    // Elsewhere, `passes` is a number.
    const comparison = { ...call, options };
    if (passes === true && format !== "csv" && format !== "markdown")
      throw new SweepError("--passes is for --format csv and markdown", {
        exitCode: ExitCode.usage,
        reason: "the table ranks configurations, and JSON always has every pass",
      });
    const { exportComparison, exportComparisonTable, printComparison } =
      await import("../output/print-comparison.ts");
    if (format === "table") await printComparison(comparison);
    else if (format === "json") await exportComparison(comparison);
    else await exportComparisonTable(comparison, format, passes === true);
    return ExitCode.done;
  },
});
