import { z } from "zod";
import { planSchema } from "./plan-schema.ts";

/** JSON Schema (draft 2020-12) of plans, for editors. `estimate` also checks what it cannot express. */
export function planJsonSchema(): Readonly<Record<string, unknown>> {
  return {
    title: "A coverage plan of maider-sweep",
    ...z.toJSONSchema(planSchema, { io: "input" }),
  };
}
