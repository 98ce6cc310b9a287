import { readFile } from "node:fs/promises";
import {
  MACHINE_FAULTS,
  REQUEST_FAULTS,
  WORLD_FAULTS,
} from "../../simulator/faults/fault-actions.ts";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import { option, portNumber, positiveNumber, seedNumber, speedNumber } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "simulator",
  group: "upkeep",
  summary: "Serve the simulated cloud on this machine",
  about: [
    "A Linode with GPU VMs on loopback: the API over HTTP, VMs over SSH, vLLM on them. It prints one line of JSON with its address and token, and ends on SIGTERM. `--simulate URL` of the other verbs uses it; `--simulate` alone starts one.",
    "Its control API needs no token: `GET /simulator/state`, `/invoice`, `/requests`, `/served`, `/world`, `/clock`; `POST /simulator/faults`, `/tokens`, `/price`. A seed other than 1 to 5 is a world in which scarce GPU types are sold out.",
    "A fault script is a JSON object, or a list of them, in a file or sent to `POST /simulator/faults`; `DELETE` removes them all. Seconds are simulated.",
    `\`{"match": {"method", "path"}, "nth": 1, "count": 1, "action": ...}\` acts on requests to the API (\`path\` is a regular expression, \`count\` -1 is for ever):`,
    listed(REQUEST_FAULTS),
    `\`{"vm": {"type", "model", "nth"}, "action": ..., "after_seconds": N}\` acts on VMs, from so many seconds after their boot on:`,
    listed(MACHINE_FAULTS),
    '`{"action": ...}` acts on the world:',
    listed(WORLD_FAULTS),
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
    option("--faults <file>", "JSON with fault scripts; docs/verbs/simulator.md lists them"),
    option("--lease", "end together with the process that started it").hideHelp(),
  ],
  examples: [
    "maider-sweep simulator --speed 60",
    "maider-sweep simulator --port 8080 --seed 7 --speed 1 --delays 0.02",
    "maider-sweep simulator --faults outage.json",
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

/** One line of a Markdown list for each. */
function listed(faults: Readonly<Record<string, string>>): string {
  return Object.entries(faults)
    .map(([action, effect]) => `- \`${action}\`: ${effect}`)
    .join("\n");
}

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
