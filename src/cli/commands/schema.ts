import { planJsonSchema } from "../../plan/plan-json-schema.ts";
import { ExitCode } from "../../support/errors.ts";
import type { Handler } from "../command.ts";

export const schema: Handler = ({ terminal }) => {
  terminal.stdout.write(`${JSON.stringify(planJsonSchema(), undefined, 2)}\n`);
  return Promise.resolve(ExitCode.done);
};
