import { ExitCode } from "../../support/errors.ts";
import { jsonText } from "../output/json.ts";
import { planRequest } from "../requests.ts";
import {
  argument,
  cloudOptions,
  databaseOption,
  jsonOption,
  outputOptions,
  stateOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "doctor",
  group: "plan",
  summary: "Check whether a run would succeed; reads only",
  about: [
    "Checks Node, the clock, the state folder, the database, the token with its scopes and its expiry (compared with the plan's length), what already exists on the account, prices and stock of the plan's types, the Hugging Face token and access to gated models, the address for the firewall, and the reaper. Each is `ok`, `warning` or `problem`, with what to do. It only reads.",
    'Exit code 4 when there is a problem. `--json` prints `{"checks":[{"check","state","detail","remedy"}]}`.',
  ],
  related: ["estimate", "run"],
  synonyms: ["check", "verify"],
  arguments: [argument("[plan]", "also check what this plan needs")],
  options: [...cloudOptions, stateOption, databaseOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep doctor plan.yaml", "maider-sweep doctor --simulate --json"],
  handler: async (call) => {
    const {
      args: [file],
      options,
      terminal,
    } = call;
    const { env, signals, stdout } = terminal;
    const { runChecks } = await import("../../doctor/run-checks.ts");
    const { loadPlan } = await import("../../run/preflight/load-plan.ts");
    const request = planRequest(call);
    const plan = file === undefined ? undefined : await loadPlan({ file }, request, terminal);
    const checks = await runChecks(plan, request.cloud, env, signals.stop);
    const { checksText } = await import("../output/checks-text.ts");
    const { tableStyle } = await import("../output/table-style.ts");
    stdout.write(options.json ? jsonText({ checks }) : checksText(checks, tableStyle(terminal)));
    return checks.some(({ state }) => state === "problem") ? ExitCode.provider : ExitCode.done;
  },
});
