import { gpuName, modelName } from "../../catalog/short-names.ts";
import type { StartedSession } from "../../sessions/start-session.ts";
import { isoUtc, minuteUtc } from "../../support/clock.ts";
import { ExitCode } from "../../support/errors.ts";
import { formatUsd, usd } from "../../support/money.ts";
import { shellWord } from "../../support/shell-word.ts";
import type { Terminal } from "../terminal.ts";
import { jsonText } from "./json.ts";

/** Says what is up, and what to do next. */
export function printSession(
  started: StartedSession,
  { json }: { readonly json?: true },
  { stderr, stdout }: Terminal,
): ExitCode {
  if (json) {
    stdout.write(jsonText(sessionJson(started)));
    return ExitCode.done;
  }
  stdout.write(sessionText(started));
  if (!started.current)
    stderr.write("warning: .aider-env in this folder is not a link, and was left as it is\n");
  return ExitCode.done;
}

function sessionJson({ rental, session, simulated, ssh }: StartedSession): object {
  const { gpu, label, priceMicroUsd, region, reservedMicroUsd } = rental;
  return {
    session: session.name,
    run: session.rental?.run,
    label,
    gpu,
    region,
    model: session.modelId,
    ip: session.ip,
    ssh,
    api_base: session.apiBase ?? "",
    price_per_hour: usd(priceMicroUsd),
    held_until: isoUtc(heldUntilMs(rental)),
    expires: isoUtc(rental.expiresMs),
    reserved_usd: usd(reservedMicroUsd),
    simulated,
  };
}

function sessionText(started: StartedSession): string {
  const { current, folder, rental, session, simulated } = started;
  const { name, modelId, apiBase = "" } = session;
  const { gpu, priceMicroUsd, region, reservedMicroUsd } = rental;
  const env = current ? ".aider-env" : `${folder}/aider-env`;
  const lines = [
    `${simulated ? "SIMULATED " : ""}${name} is up: ${modelName(modelId)} on ${gpuName(gpu)} in ${region}, ${formatUsd(priceMicroUsd)} an hour`,
    `  API      ${apiBase}   (source ${shellWord(env)})`,
    `  held     until ${minuteUtc(heldUntilMs(rental))} UTC at the latest, ${formatUsd(reservedMicroUsd)} at most`,
    `  log in   maider-sweep ssh ${shellWord(name)}`,
    `  measure  maider-sweep benchmark-collect ${shellWord(name)}`,
    `  destroy  maider-sweep down ${shellWord(name)}`,
  ];
  return `${lines.join("\n")}\n`;
}

function heldUntilMs({ deadlineMs, heldUntilMs: until }: StartedSession["rental"]): number {
  return until ?? deadlineMs;
}
