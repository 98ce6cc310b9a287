import { ExitCode, SweepError } from "../../support/errors.ts";
import { runRequest } from "../requests.ts";
import {
  cloudOptions,
  databaseOption,
  eventsOption,
  option,
  outputOptions,
  overrideOptions,
  runOptions,
  stateOption,
  wholeNumber,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "rebench",
  group: "run",
  summary: "Benchmark one configuration again, or all stale ones",
  about: [
    "Makes a plan from the database and runs it: one configuration with `--gpu` and `--model`, or with `--stale` everything that is too old, or was measured with another vLLM or another version of the suites.",
    "It shows its estimate and asks on a terminal. Without one it needs `--yes` or `--max-cost`. The cap is `--max-cost`, or else the worst case of the estimate, at most $60.",
  ],
  related: ["run", "benchmark-status"],
  synonyms: ["refresh"],
  options: [
    option("--gpu <type>", "GPU type; with --model"),
    option("--model <id>", "model; with --gpu"),
    option("--stale [days]", "all that are older than this (default 30), or outdated").argParser(
      wholeNumber,
    ),
    ...overrideOptions,
    ...runOptions,
    option("--dry-run", "only estimate; nothing but reads"),
    ...cloudOptions,
    stateOption,
    databaseOption,
    eventsOption,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep rebench --gpu rtx4000a1-s --model Coder-7B",
    "maider-sweep rebench --stale --max-cost 20",
    "maider-sweep rebench --stale 14 --dry-run",
  ],
  handler: async (call) => {
    const { options, terminal } = call;
    const { detachableContext } = await import("../output/run-reporter.ts");
    const context = await detachableContext(call);
    const pair = chosenPair(options);
    const { readRecords } = await import("../read-results.ts");
    const { gpuIdFor, modelIdFor } = await import("../known-names.ts");
    const records = await readRecords(call);
    const measured = records.map((record) => record.model_id);
    const only = pair && { gpu: gpuIdFor(pair.gpu), model: modelIdFor(pair.model, measured) };
    const { planRebench } = await import("../../run/rebench/plan-rebench.ts");
    const { passes } = options;
    const staleAfterDays = typeof options.stale === "number" ? options.stale : undefined;
    const made = await planRebench(records, { only, passes, staleAfterDays });
    for (const { gpu, model, reasons } of made.left)
      terminal.stderr.write(`left out: ${gpu} ${model}: ${reasons.join("; ")}\n`);
    if (made.text === undefined) {
      terminal.stderr.write(`nothing is stale: ${String(made.fresh)} configurations are fresh\n`);
      return ExitCode.done;
    }
    if (only === undefined)
      for (const { gpu, model, reasons } of made.stale)
        terminal.stderr.write(`stale: ${gpu} ${model}: ${reasons.join("; ")}\n`);
    const source = { text: made.text, name: "<rebench>" };
    const request = {
      ...runRequest(call),
      subject: { kind: "plan", source } as const,
      capAtWorst: options.maxCost === undefined,
    };
    if (options.dryRun) {
      const { loadPlan } = await import("../../run/preflight/load-plan.ts");
      const { printDryRun } = await import("../output/print-dry-run.ts");
      await printDryRun(await loadPlan(source, request, context), request, options, terminal);
      return ExitCode.done;
    }
    const { costConsent } = await import("../cost-consent.ts");
    const reporter = { ...context.reporter, confirm: costConsent(options, terminal) };
    const { startRun } = await import("../../run/start-run.ts");
    const { printRun } = await import("../output/print-run.ts");
    return printRun(await startRun(request, { ...context, reporter }), call);
  },
});

/** One configuration, or undefined for all that are stale. @throws SweepError exit 2 when it is not clear which */
function chosenPair({
  gpu,
  model,
  stale,
}: {
  readonly gpu?: string;
  readonly model?: string;
  readonly stale?: number | true;
}): { readonly gpu: string; readonly model: string } | undefined {
  if (gpu !== undefined && model !== undefined && stale === undefined) return { gpu, model };
  if (gpu === undefined && model === undefined && stale !== undefined) return undefined;
  throw new SweepError("what to benchmark again is not clear", {
    exitCode: ExitCode.usage,
    hint: "give --gpu TYPE --model ID for one configuration, or --stale [DAYS] for all that are stale",
  });
}
