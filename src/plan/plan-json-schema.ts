import { z } from "zod";
import { planSchema } from "./plan-schema.ts";

/** JSON Schema (draft 2020-12) of plans, for editors. What only a grammar of ours can tell is checked by `estimate`. */
export function planJsonSchema(): Readonly<Record<string, unknown>> {
  return {
    title: "A coverage plan of maider-sweep",
    ...z.toJSONSchema(planSchema, { io: "input" }),
  };
}
