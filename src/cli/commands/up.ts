import { startSession, type StartedSession } from "../../sessions/start-session.ts";
import { isoUtc } from "../../support/clock.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { formatUsd, usd } from "../../support/money.ts";
import { shellWord } from "../../support/shell-word.ts";
import type { CommandCall, Handler } from "../command.ts";
import { printRun } from "../output/print-run.ts";
import { runContext } from "../output/run-reporter.ts";
import { runRequest } from "../requests.ts";

/** A VM with a model, its tunnel and its session, held until `down` or until its money is used up. */
export const up: Handler = async (call) => {
  const { options } = call;
  const [gpu, model] = [options["gpu"], options["model"]];
  if (typeof gpu !== "string" || typeof model !== "string" || options["maxCost"] === undefined) {
    throw new SweepError("up needs a GPU type, a model and a cap", {
      exitCode: ExitCode.usage,
      reason: "--gpu, --model or --max-cost is missing",
      hint: "maider-sweep up --help shows a whole line",
    });
  }
  const end = await startSession(
    {
      gpu,
      model,
      name: options["name"] as string | undefined,
      port: options["port"] as number | undefined,
      workingDirectory: process.cwd(),
    },
    runRequest(call),
    runContext(call, { json: false }),
  );
  return "kind" in end ? printRun(end, call) : printSession(end, call);
};

/** What is up, and what to do next. */
function printSession(started: StartedSession, { options, terminal }: CommandCall): ExitCode {
  const { current, folder, rental, session, simulated, ssh } = started;
  const { name, modelId: model, apiBase = "" } = session;
  const { gpu, label, priceMicroUsd, region, reservedMicroUsd } = rental;
  const until = isoUtc(rental.heldUntilMs ?? rental.deadlineMs);
  if (options["json"] === true) {
    const document = {
      session: name,
      run: session.rental?.run,
      label,
      gpu,
      region,
      model,
      ip: session.ip,
      ssh,
      api_base: apiBase,
      price_per_hour: usd(priceMicroUsd),
      held_until: until,
      expires: isoUtc(rental.expiresMs),
      reserved_usd: usd(reservedMicroUsd),
      simulated,
    };
    terminal.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
    return ExitCode.done;
  }
  const env = current ? ".aider-env" : `${folder}/aider-env`;
  const lines = [
    `${simulated ? "SIMULATED " : ""}${name} is up: ${model} on ${gpu} in ${region}, ${formatUsd(priceMicroUsd)} an hour`,
    `  API      ${apiBase}   (source ${shellWord(env)})`,
    `  held     until ${until} at the latest, ${formatUsd(reservedMicroUsd)} at most`,
    `  log in   ${ssh}`,
    `  measure  maider-sweep benchmark-collect ${shellWord(name)}`,
    `  let go   maider-sweep down ${shellWord(name)}`,
  ];
  terminal.stdout.write(`${lines.join("\n")}\n`);
  if (!current)
    terminal.stderr.write(
      "warning: .aider-env in this folder is not a link, and was left as it is\n",
    );
  return ExitCode.done;
}
