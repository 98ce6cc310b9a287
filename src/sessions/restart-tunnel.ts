import { readJournal } from "../journal/journal-file.ts";
import { runFolder } from "../journal/state-folder.ts";
import { foldRun } from "../run-state/fold-run.ts";
import { timeOfRun } from "../run/run-folder/run-clock.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { sessionOfRun, type SessionFolders } from "./find-session.ts";
import type { HeldVm } from "./held-vms.ts";
import { acceptsConnections, startTunnel } from "./start-tunnel.ts";

export interface RestartedTunnel {
  readonly apiBase: string;
  /** False if the tunnel still answered. */
  readonly restarted: boolean;
}

/**
 * Starts the tunnel of a VM that is up again, on the local port of its session.
 * @throws SweepError exit 2 if the VM has no session, exit 4 if the VM cannot be reached
 */
export async function restartTunnel(
  { name, run, stateDir, rental }: HeldVm,
  folders: SessionFolders,
  env: NodeJS.ProcessEnv,
): Promise<RestartedTunnel> {
  const apiBase = sessionOfRun(run, folders)?.apiBase;
  if (apiBase === undefined || !URL.canParse(apiBase)) {
    throw new SweepError(`${name} has no session`, {
      exitCode: ExitCode.usage,
      reason: `no readable session in ${folders.real} or ${folders.simulated} belongs to run ${run}`,
      hint: `maider-sweep down ${name} destroys its VM`,
    });
  }
  const localPort = Number(new URL(apiBase).port);
  if (await acceptsConnections(localPort)) return { apiBase, restarted: false };
  const { opened } = foldRun(readJournal(runFolder(stateDir, run)).events);
  const time = opened === undefined ? undefined : await timeOfRun(opened);
  if (opened === undefined || time === undefined) {
    throw new SweepError(`the simulated cloud of ${name} has ended`, {
      exitCode: ExitCode.provider,
      hint: `maider-sweep down ${name} closes its run`,
    });
  }
  const { ssh_port: sshPort } = opened;
  await startTunnel({ stateDir, run, label: rental.label, sshPort, localPort, time }, env);
  return { apiBase, restarted: true };
}
