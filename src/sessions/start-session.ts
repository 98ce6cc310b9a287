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
import { sshLine } from "../sweep/rental/hold-vm.ts";
import { listSessions, sessionFolders } from "./find-session.ts";
import type { Session } from "./session.ts";
import { freePort, isPortInUse, startTunnel } from "./start-tunnel.ts";
import { makeCurrent, writeSession } from "./write-session.ts";

export interface SessionRequest {
  readonly gpu: string;
  readonly model: string;
  /** Undefined derives the session's name from the model. */
  readonly name: string | undefined;
  /** Local port of the tunnel; undefined chooses a free one. */
  readonly port: number | undefined;
  /** The folder in which the link `.aider-env` is created. */
  readonly workingDirectory: string;
}

/** A VM that is up, with its session and its tunnel. */
export interface StartedSession {
  readonly session: Session;
  /** The session's folder. */
  readonly folder: string;
  readonly rental: RentalState;
  readonly simulated: boolean;
  /** The command line that logs in to the VM. */
  readonly ssh: string;
  /** Whether `.aider-env` in the working directory points to the session; false if a regular file has that name. */
  readonly current: boolean;
}

/**
 * Rents a VM and serves the model on it, until `down` destroys the VM or its budget is used up.
 * @returns the run's outcome instead if no VM is up
 * @throws SweepError exit 2 if the name or the port is invalid or taken, and whatever `startRun` throws
 */
export async function startSession(
  wanted: SessionRequest,
  request: Omit<RunRequest, "subject">,
  context: RunContext,
): Promise<StartedSession | RunOutcome> {
  const { gpu, model } = wanted;
  const folders = sessionFolders(context.env, request.cloud.locations.stateDir);
  const taken = new Set(listSessions(folders).map((session) => session.name));
  const name = sessionName(wanted.name, model, taken);
  if (wanted.port !== undefined) await freePort(wanted.port);
  // Nothing is measured, so the plan has the least to measure: its warnings are then about the VM and the model only.
  const entries = [{ gpu, models: [model] }];
  const text = stringify({ version: 1, name, passes: 1, suites: ["coding"], entries });
  const subject = { kind: "hold", source: { text, name: "<up>" } } as const;
  const outcome = await startRun({ ...request, subject }, context);
  if (outcome.kind !== "ended" || !outcome.summary.held) return outcome;

  const { summary } = outcome;
  const rental = openRentals(summary.state)[0];
  if (rental === undefined) throw new Error(`no VM is held in ${summary.folder}`);
  const root = summary.simulated ? folders.simulated : folders.real;
  const { session, folder } = await onFreePort(wanted.port, async (port) => {
    const session = describeSession(rental, name, port, summary);
    const folder = await writeSession(session, root);
    const { run, sshPort, stateDir, time } = summary;
    await startTunnel(
      { stateDir, run, label: rental.label, sshPort, localPort: port, time },
      context.env,
    );
    return { session, folder };
  });
  const keyBase = join(summary.folder, rental.label);
  return {
    session,
    folder,
    rental,
    simulated: summary.simulated,
    ssh: sshLine(`${keyBase}.key`, `${keyBase}.known_hosts`, summary.sshPort, session.ip),
    current: makeCurrent(folder, wanted.workingDirectory),
  };
}

/** Opens on the wanted port, or on a free one. Another program may take a free port first; then the next one is used. */
async function onFreePort<T>(
  wanted: number | undefined,
  open: (port: number) => Promise<T>,
): Promise<T> {
  for (;;) {
    const port = wanted ?? (await freePort(undefined));
    try {
      return await open(port);
    } catch (error) {
      if (wanted !== undefined || !isPortInUse(error)) throw error;
    }
  }
}

/** @returns the wanted name, or one derived from the model that is not taken. @throws SweepError exit 2 */
function sessionName(
  wanted: string | undefined,
  model: string,
  taken: ReadonlySet<string>,
): string {
  if (wanted !== undefined) {
    if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(wanted) && !taken.has(wanted)) return wanted;
    throw new SweepError(`the session cannot be named ${JSON.stringify(wanted)}`, {
      exitCode: ExitCode.usage,
      reason: taken.has(wanted)
        ? "a session of that name already exists"
        : "a name starts with a letter or digit and has at most 64 letters, digits, dots, dashes and underscores",
      hint: "choose another name with --name, or omit --name",
    });
  }
  const base = model.split("/").at(-1)?.toLowerCase().slice(0, 40) ?? "vm";
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${String(number)}`;
    if (!taken.has(name)) return name;
  }
}

function describeSession(
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
