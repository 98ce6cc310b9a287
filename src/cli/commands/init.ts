import { writeFile } from "node:fs/promises";
import { stringify } from "yaml";
import { ExitCode, SweepError } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { planFromText } from "../load-plan.ts";
import { estimateOnly } from "./estimate.ts";

/** Writes a plan from options; it is read back, and its estimate shown, before the file is made. */
export const init: Handler = async (call) => {
  const { options, terminal } = call;
  const gpu = list(options["gpu"]);
  const models = list(options["model"]);
  const maxCost = options["maxCost"] as number | undefined;
  const file = (options["output"] as string | undefined) ?? "plan.yaml";
  if (gpu.length === 0 || models.length === 0 || maxCost === undefined) {
    throw new SweepError("a plan needs GPU types, models and a cap", {
      exitCode: ExitCode.usage,
      reason: "--gpu, --model or --max-cost is missing",
      hint: "maider-sweep init --help shows a whole line",
    });
  }
  const body = stringify({
    version: 1,
    budget: { max_cost: maxCost },
    ...(options["passes"] === undefined ? {} : { passes: options["passes"] }),
    ...(options["suites"] === undefined ? {} : { suites: list(options["suites"]) }),
    entries: [{ gpu: gpu.length === 1 ? gpu[0] : gpu, models }],
  });
  const schema = new URL("../../../plans/plan.schema.json", import.meta.url).href;
  const text = `# yaml-language-server: $schema=${schema}\n${body}`;
  const plan = planFromText(text, file, {});
  await estimateOnly(plan, call);
  try {
    await writeFile(file, text, { flag: options["yes"] === true ? "w" : "wx" });
  } catch (error) {
    throw new SweepError(`the plan ${file} is not written`, {
      exitCode: ExitCode.usage,
      reason: (error as NodeJS.ErrnoException).code ?? "unwritable",
      hint: "name another with -o, or overwrite it with --yes",
    });
  }
  terminal.stderr.write(`wrote ${file}; next: maider-sweep run ${file} --simulate\n`);
  return ExitCode.done;
};

function list(value: unknown): readonly string[] {
  return typeof value === "string" ? value.split(",").map((each) => each.trim()) : [];
}
