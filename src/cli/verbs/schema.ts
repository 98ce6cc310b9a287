import { ExitCode } from "../../support/errors.ts";
import { jsonText } from "../output/json.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "schema",
  group: "plan",
  summary: "Print the JSON Schema of plans, for editors",
  about: [
    "Prints the JSON Schema of plans, generated from the code that checks them. The package contains it as `plans/plan.schema.json`; a plan whose first line is `# yaml-language-server: $schema=…/plan.schema.json` is completed and checked by editors with a YAML language server.",
  ],
  related: ["init", "estimate"],
  examples: ["maider-sweep schema > plan.schema.json"],
  notices: [],
  handler: async ({ terminal }) => {
    const { planJsonSchema } = await import("../../plan/plan-json-schema.ts");
    terminal.stdout.write(jsonText(planJsonSchema()));
    return ExitCode.done;
  },
});
