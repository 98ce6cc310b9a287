import { readFile } from "node:fs/promises";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import { option, portNumber, positiveNumber, seedNumber, speedNumber } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "simulator",
  group: "upkeep",
  summary: "Serve the simulated cloud on this machine",
  about: [
    "A Linode with GPU VMs on loopback: the API over HTTP, VMs over SSH, vLLM on them. It prints one line of JSON with its address and token, and ends on SIGTERM. `--simulate URL` of the other verbs uses it; `--simulate` alone starts one.",
    "Its control API needs no token: `GET /simulator/state`, `/invoice`, `/requests`, `/served`, `/world`, `/clock`; `POST /simulator/faults`, `/tokens`, `/price`.",
  ],
  related: ["run", "drill"],
  options: [
    option("--port <port>", "port of its API (default: any that is free)")
      .argParser(portNumber)
      .default(0),
    option("--speed <n>", "simulated seconds per second, or auto")
      .argParser(speedNumber)
      .default("auto"),
    option("--seed <n>", "which world").argParser(seedNumber).default(1),
    option("--delays <factor>", "scale boot, set-up, download and load")
      .argParser(positiveNumber)
      .default(1),
    option("--faults <file>", "JSON with fault scripts"),
    option("--lease", "end together with the process that started it").hideHelp(),
  ],
  examples: [
    "maider-sweep simulator --speed 60",
    "maider-sweep simulator --port 8080 --seed 7 --speed 1 --delays 0.02",
  ],
  notices: [],
  handler: async ({ options, terminal }) => {
    const { port, speed, seed, delays, faults, lease } = options;
    const { runSimulatorProcess } = await import("../../simulator/control/simulator-process.ts");
    const script = faults === undefined ? [] : await readFaultScript(faults);
    const { stdin, stdout, signals } = terminal;
    await runSimulatorProcess(
      { port, speed, seed, delays, faults: script },
      { stdin, stdout, lease: lease === true, signal: signals.stop },
    );
    return ExitCode.done;
  },
});

/** @throws SweepError exit 2 */
async function readFaultScript(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new SweepError(`the fault script ${file} cannot be used`, {
      exitCode: ExitCode.usage,
      reason: errorText(error),
      hint: "give a JSON list, as POST /simulator/faults takes it",
    });
  }
}
