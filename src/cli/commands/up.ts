import { join } from "node:path";
import { stringify } from "yaml";
import { heldEstimate } from "../../estimate/held-estimate.ts";
import { foldRun, openRentals } from "../../run-state/fold-run.ts";
import { readJournal } from "../../journal/journal-file.ts";
import { isoUtc } from "../../support/clock.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { formatUsd, usd } from "../../support/money.ts";
import { shellWord } from "../../support/shell-word.ts";
import { sshLine } from "../../sweep/rental/write-ssh-access.ts";
import type { CommandCall, Handler } from "../command.ts";
import { planWithModels } from "../../run/load-plan.ts";
import { stateDir } from "../../run/paths.ts";
import { runPlan, type HeldRun } from "../../run/run-plan.ts";
import { listSessions, sessionPlaces } from "../../sessions/find-session.ts";
import { makeCurrent, writeSession } from "../../sessions/write-session.ts";
import { freePort, startTunnel } from "../../sessions/start-tunnel.ts";

/** A VM with a model, its tunnel and its session, held until `down` or until its money is used up. */
export const up: Handler = async (call) => {
  const { options, terminal } = call;
  const [gpu, model] = [options["gpu"], options["model"]];
  if (typeof gpu !== "string" || typeof model !== "string" || options["maxCost"] === undefined) {
    throw new SweepError("up needs a GPU type, a model and a cap", {
      exitCode: ExitCode.usage,
      reason: "--gpu, --model or --max-cost is missing",
      hint: "maider-sweep up --help shows a whole line",
    });
  }
  const places = sessionPlaces(terminal.env, stateDir(options, terminal.env));
  const name = sessionName(
    options["name"] as string | undefined,
    model,
    new Set(listSessions(places).map((session) => session.name)),
  );
  const port = await freePort(options["port"] as number | undefined);
  // Nothing is measured: the shortest plan there is, so that its warnings are those of the VM and the model.
  const entries = [{ gpu, models: [model] }];
  const text = stringify({ version: 1, name, passes: 1, suites: ["coding"], entries });
  return runPlan(await planWithModels(text, "<up>", options, terminal), call, {
    hold: {
      reserve: heldEstimate,
      whenHeld: (held) =>
        welcome(
          held,
          name,
          port,
          held.target.simulated === undefined ? places.real : places.simulated,
          call,
        ),
    },
  });
};

/** The session's name: what was asked for, or the model's, with a number when it is taken. */
function sessionName(
  wanted: string | undefined,
  model: string,
  taken: ReadonlySet<string>,
): string {
  if (wanted !== undefined) {
    if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(wanted) && !taken.has(wanted)) return wanted;
    throw new SweepError(`the session cannot be called ${JSON.stringify(wanted)}`, {
      exitCode: ExitCode.usage,
      reason: taken.has(wanted)
        ? "a session of that name is there already"
        : "a name is made of letters, digits, dots, dashes and underscores",
      hint: "name another with --name, or leave it out",
    });
  }
  const base = model.split("/").at(-1)?.toLowerCase().slice(0, 40) ?? "vm";
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${String(number)}`;
    if (!taken.has(name)) return name;
  }
}

/** The session's files, the tunnel, and what to do next. */
async function welcome(
  { run, folder, target }: HeldRun,
  name: string,
  port: number,
  place: string,
  { options, terminal }: CommandCall,
): Promise<ExitCode> {
  const state = foldRun(readJournal(folder).events);
  const [rental] = openRentals(state);
  if (rental === undefined) throw new Error(`nothing is held in ${folder}`);
  const model = rental.models[0] ?? "";
  const { label, gpu, region, ipv4 = "", priceMicroUsd, vmId, createSentMs = 0 } = rental;
  const apiBase = `http://localhost:${String(port)}/v1`;
  const sessionFolder = await writeSession(
    {
      name,
      instanceId: String(vmId ?? ""),
      ip: ipv4,
      type: gpu,
      hourlyCost: usd(priceMicroUsd),
      startTime: createSentMs / 1000,
      modelId: model,
      servedModelName: model,
      provider: "linode",
      apiBase,
      apiKey: "sk-dummy",
      rental: { stateDir: target.stateDir, run, label },
    },
    place,
  );
  const { sshPort, time, stateDir: state_dir } = target;
  await startTunnel(
    { stateDir: state_dir, run, label, sshPort, localPort: port, time },
    terminal.env,
  );
  const linked = makeCurrent(sessionFolder, process.cwd());
  const lent = join(folder, label);
  const ssh = sshLine(`${lent}.key`, `${lent}.known_hosts`, sshPort, ipv4);
  const until = isoUtc(rental.heldUntilMs ?? rental.deadlineMs);
  if (options["json"] === true) {
    const told = {
      session: name,
      run,
      label,
      gpu,
      region,
      model,
      ip: ipv4,
      ssh,
      api_base: apiBase,
      price_per_hour: usd(priceMicroUsd),
      held_until: until,
      expires: isoUtc(rental.expiresMs),
      reserved_usd: usd(rental.reservedMicroUsd),
      simulated: target.simulated !== undefined,
    };
    terminal.stdout.write(`${JSON.stringify(told, undefined, 2)}\n`);
    return ExitCode.done;
  }
  const env = linked ? ".aider-env" : `${sessionFolder}/aider-env`;
  const lines = [
    `${target.simulated === undefined ? "" : "SIMULATED "}${name} is up: ${model} on ${gpu} in ${region}, ${formatUsd(priceMicroUsd)} an hour`,
    `  API      ${apiBase}   (source ${shellWord(env)})`,
    `  held     until ${until} at the latest, ${formatUsd(rental.reservedMicroUsd)} at most`,
    `  log in   ${ssh}`,
    `  measure  maider-sweep benchmark-collect ${shellWord(name)}`,
    `  let go   maider-sweep down ${shellWord(name)}`,
  ];
  terminal.stdout.write(`${lines.join("\n")}\n`);
  if (!linked)
    terminal.stderr.write(
      "warning: .aider-env in this folder is not a link, and was left as it is\n",
    );
  return ExitCode.done;
}
