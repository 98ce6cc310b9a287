import { ExitCode } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { benchmarkSession } from "./benchmark.ts";

export const benchmarkCollect: Handler = async (call) => {
  const code = await benchmarkSession(call.parameters[0], call);
  if (call.options["quiet"] === true || call.options["json"] === true) return code;
  call.terminal.stderr.write(
    code === ExitCode.done
      ? "maider-sweep benchmark-compare shows it beside others; maider-sweep recommend draws the conclusion\n"
      : "Benchmark collection failed\n",
  );
  return code;
};
