import type { CommandSpec } from "./command.ts";

/** The verbs of the front door. */
export const FRONT_COMMANDS: readonly CommandSpec[] = [
  {
    name: "schema",
    summary: "The JSON Schema of plans, for editors",
    parameters: [],
    options: [],
    examples: ["maider-sweep schema > plan.schema.json"],
    load: async () => (await import("./commands/schema.ts")).schema,
  },
];
