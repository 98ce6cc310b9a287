import { z } from "zod";
import { planSchema } from "./plan-schema.ts";

/** JSON Schema (draft 2020-12) of plans, for editors. `estimate` checks more than it can express. */
export function planJsonSchema(): Readonly<Record<string, unknown>> {
  return {
    title: "A coverage plan of maider-sweep",
    ...z.toJSONSchema(planSchema, { io: "input" }),
  };
}
