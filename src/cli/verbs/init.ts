import {
  choice,
  cloudOptions,
  maxCostOption,
  option,
  outputOptions,
  stateOption,
  wholeNumber,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "init",
  group: "plan",
  summary: "Write a plan, and show what it will cost",
  about: [
    "On a terminal it asks which GPU types, for which work, which of the models that fit them, how many passes and how much money, and shows after each answer how many VMs that is, how long it takes and what it costs, likely and at worst. Everything can be changed until the plan is written. Elsewhere `--gpu`, `--model` and `--max-cost` have to be given.",
    "The plan begins with the line by which editors find its schema, complete keys and mark mistakes. Once it is written, `init` offers to run it: on the simulated cloud first, then for real.",
  ],
  related: ["estimate", "schema", "run"],
  synonyms: ["new"],
  options: [
    option("--gpu <types>", "GPU types, separated by commas"),
    option("--model <ids>", "models, separated by commas"),
    maxCostOption,
    option("--passes <n>", "passes for each configuration").argParser(wholeNumber),
    option("--suites <names>", "coding, context_heavy, reasoning"),
    choice("--packing <how>", "one VM for each entry, or for as many as its paid hours hold", [
      "per-entry",
      "fill-hours",
    ]),
    option("-o, --output <file>", "the file (default plan.yaml)"),
    option("--yes", "overwrite it"),
    ...cloudOptions,
    stateOption,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep init",
    "maider-sweep init --gpu g2-gpu-rtx4000a1-s --model Qwen/Qwen2.5-Coder-7B-Instruct --max-cost 5",
  ],
  handler: async (call) => {
    const { initPlan } = await import("../init/init-plan.ts");
    return initPlan(call);
  },
});
