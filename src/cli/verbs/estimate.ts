import { ExitCode } from "../../support/errors.ts";
import { planRequest } from "../requests.ts";
import {
  argument,
  cloudOptions,
  databaseOption,
  jsonOption,
  outputOptions,
  overrideOptions,
  skipFreshOption,
  stateOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "estimate",
  group: "plan",
  summary: "Show what a plan will take and cost; reads only",
  about: [
    "Shows for each rental the minutes of each stage, the hours that Linode is likely to bill, and the hours that would be reserved. It compares both packings: what `fill-hours` saves, at the price of results from fewer machines. It also shows how many paid minutes would be idle, and how many more passes would fit into them.",
    "It only reads: it has no object that could create anything. Prices and stock are live even without a token; without the network the built-in prices are used, with their date.",
  ],
  related: ["run", "init", "doctor"],
  synonyms: ["cost", "dry-run", "price"],
  arguments: [argument("<plan>", "the YAML file")],
  options: [
    ...overrideOptions,
    skipFreshOption,
    ...cloudOptions,
    stateOption,
    databaseOption,
    jsonOption,
    ...outputOptions,
  ],
  examples: ["maider-sweep estimate plan.yaml", "maider-sweep estimate plan.yaml --json"],
  handler: async (call) => {
    const {
      args: [file],
      options,
      terminal,
    } = call;
    const { loadPlan } = await import("../../run/preflight/load-plan.ts");
    const { printDryRun } = await import("../output/print-dry-run.ts");
    const request = planRequest(call);
    await printDryRun(await loadPlan({ file }, request, terminal), request, options, terminal);
    return ExitCode.done;
  },
});
