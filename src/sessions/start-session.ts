import { join } from "node:path";
import { stringify } from "yaml";
import { openRentals } from "../run-state/fold-run.ts";
import type { RentalState } from "../run-state/run-state.ts";
import type { RunSummary } from "../run/close-run.ts";
import type { RunContext } from "../run/run-context.ts";
import type { RunRequest } from "../run/run-request.ts";
import { startRun, type RunOutcome } from "../run/start-run.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { usd } from "../support/money.ts";
import { sshLine } from "../sweep/rental/hold.ts";
import { listSessions, sessionPlaces } from "./find-session.ts";
import type { Session } from "./session.ts";
import { freePort, startTunnel } from "./start-tunnel.ts";
import { makeCurrent, writeSession } from "./write-session.ts";

/** A VM with one model, to be left up for a user. */
export interface SessionRequest {
  readonly gpu: string;
  readonly model: string;
  /** Undefined names it after the model. */
  readonly name: string | undefined;
  /** The local port of its tunnel; undefined takes a free one. */
  readonly port: number | undefined;
  /** The folder whose `.aider-env` shall lead to it. */
  readonly workingDirectory: string;
}

/** A VM that is up, with its session and its tunnel. */
export interface StartedSession {
  readonly session: Session;
  /** The session's folder. */
  readonly folder: string;
  readonly rental: RentalState;
  readonly simulated: boolean;
  /** The command that logs in. */
  readonly ssh: string;
  /** Whether `.aider-env` of the working directory leads to it; a plain file of that name is left alone. */
  readonly current: boolean;
}

/**
 * Rents a VM, serves the model and leaves it up, until it is let go or its money is used up.
 * @returns how the run has ended when nothing is up.
 * @throws SweepError exit 2 for a name or a port that cannot be had, and what `startRun` throws
 */
export async function startSession(
  wanted: SessionRequest,
  request: Omit<RunRequest, "subject">,
  context: RunContext,
): Promise<StartedSession | RunOutcome> {
  const { gpu, model } = wanted;
  const places = sessionPlaces(context.env, request.cloud.locations.stateDir);
  const taken = new Set(listSessions(places).map((session) => session.name));
  const name = sessionName(wanted.name, model, taken);
  const port = await freePort(wanted.port);
  // Nothing is measured: the shortest plan there is, so that its warnings are those of the VM and the model.
  const entries = [{ gpu, models: [model] }];
  const text = stringify({ version: 1, name, passes: 1, suites: ["coding"], entries });
  const subject = { kind: "hold", source: { text, name: "<up>" } } as const;
  const outcome = await startRun({ ...request, subject }, context);
  if (outcome.kind !== "ended" || !outcome.summary.held) return outcome;

  const { summary } = outcome;
  const rental = openRentals(summary.state)[0];
  if (rental === undefined) throw new Error(`nothing is held in ${summary.folder}`);
  const session = sessionOf(rental, name, port, summary);
  const folder = await writeSession(session, summary.simulated ? places.simulated : places.real);
  const { run, sshPort, stateDir, time } = summary;
  await startTunnel(
    { stateDir, run, label: rental.label, sshPort, localPort: port, time },
    context.env,
  );
  const access = join(summary.folder, rental.label);
  return {
    session,
    folder,
    rental,
    simulated: summary.simulated,
    ssh: sshLine(`${access}.key`, `${access}.known_hosts`, sshPort, session.ip),
    current: makeCurrent(folder, wanted.workingDirectory),
  };
}

/** What was asked for, or the model's name, with a number when it is taken. @throws SweepError exit 2 */
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

function sessionOf(
  rental: RentalState,
  name: string,
  port: number,
  { run, stateDir }: RunSummary,
): Session {
  const { label, gpu, ipv4 = "", models, priceMicroUsd, vmId, createSentMs = 0 } = rental;
  const [model = ""] = models;
  return {
    name,
    instanceId: String(vmId ?? ""),
    ip: ipv4,
    type: gpu,
    hourlyCost: usd(priceMicroUsd),
    startTime: createSentMs / 1000,
    modelId: model,
    servedModelName: model,
    provider: "linode",
    apiBase: `http://localhost:${String(port)}/v1`,
    apiKey: "sk-dummy",
    rental: { stateDir, run, label },
  };
}
