import { readFile } from "node:fs/promises";
import { runSimulatorProcess } from "../../simulator/control/simulator-process.ts";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import type { Handler } from "../command.ts";

export const simulator: Handler = async ({ options, terminal }) => {
  const file = options["faults"] as string | undefined;
  let faults: unknown = [];
  if (file !== undefined) {
    try {
      faults = JSON.parse(await readFile(file, "utf8"));
    } catch (error) {
      throw new SweepError(`the fault script ${file} cannot be used`, {
        exitCode: ExitCode.usage,
        reason: errorText(error),
        hint: "it is a JSON list, as POST /simulator/faults takes it",
      });
    }
  }
  await runSimulatorProcess(
    {
      port: options["port"] as number,
      speed: options["speed"] as number | "auto",
      seed: options["seed"] as number,
      delays: options["delays"] as number,
      faults,
    },
    {
      stdin: terminal.stdin,
      stdout: terminal.stdout,
      lease: options["lease"] === true,
      signal: terminal.signals.stop,
    },
  );
  return ExitCode.done;
};
