import { foldProgress } from "../../run-state/fold-progress.ts";
import { serverFailureText } from "../../run-state/run-state.ts";
import type { SweepPorts } from "../ports.ts";
import { logExcerpt, type ServerJob } from "./start-server.ts";

/** The container may exit some seconds after the engine. */
const EXIT_DELAY_MS = 30_000;
const POLL_MS = 3_000;

/**
 * Finds out from its log why the server exited, and journals that as a failure of its model.
 * @returns the reason; undefined if the server is still running, so that the problem is elsewhere
 * @throws MachineError when the link is lost
 */
export async function diagnoseServerExit(
  job: ServerJob,
  ports: SweepPorts,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { label, configuration, machine } = job;
  const model = configuration.model.id;
  const { clock } = ports;
  const end = clock.now() + EXIT_DELAY_MS;
  while ((await machine.serverStatus(signal)).state !== "exited") {
    if (clock.now() >= end) return undefined;
    await clock.sleep(POLL_MS, signal);
  }
  const answer = await ports.machines.waitForServer(
    machine,
    { model, clock, ceilingMs: EXIT_DELAY_MS, stallMs: EXIT_DELAY_MS, onProgress: () => undefined },
    signal,
  );
  if (answer.ready) return undefined;
  const { cause, remedy } = answer;
  const evidence = logExcerpt(answer.evidence);
  const pass = foldProgress(ports.journal.events()).get(label)?.pass;
  const during = pass === undefined ? "the warm-up" : `pass ${String(pass)}`;
  const log = await ports.saveLog(`${label}-${model.replaceAll("/", "--")}-died.log`, answer.log);
  const details = { during, cause, evidence, remedy, log };
  await ports.journal.append({ type: "server.failed", label, model, ...details });
  return `${serverFailureText(during)}: ${cause}`;
}
