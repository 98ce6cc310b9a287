import { foldProgress } from "../../run-state/fold-progress.ts";
import { serverFailureText } from "../../run-state/run-state.ts";
import type { SweepPorts } from "../ports.ts";
import { logExcerpt, type ServerJob } from "./start-server.ts";

/** A dead engine may take its container with it only some seconds later. */
const LINGERS_MS = 30_000;
const LOOK_EVERY_MS = 3_000;

/**
 * When and why the server died, read from its own log and journaled as a failure of its model.
 * @returns undefined when it still runs: then something else was wrong. @throws MachineError when the link is lost.
 */
export async function diagnoseServerExit(
  job: ServerJob,
  ports: SweepPorts,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { label, configuration, machine } = job;
  const model = configuration.model.id;
  const { clock } = ports;
  const end = clock.now() + LINGERS_MS;
  while ((await machine.serverStatus(signal)).state !== "exited") {
    if (clock.now() >= end) return undefined;
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
  const answer = await ports.machines.waitForServer(
    machine,
    { model, clock, ceilingMs: LINGERS_MS, stallMs: LINGERS_MS, onProgress: () => undefined },
    signal,
  );
  if (answer.ready) return undefined;
  const { cause, remedy } = answer;
  const evidence = logExcerpt(answer.evidence);
  const pass = foldProgress(ports.journal.events()).get(label)?.pass;
  const during = pass === undefined ? "the warm-up" : `pass ${String(pass)}`;
  const log = await ports.saveLog(`${label}-${model.replaceAll("/", "--")}-died.log`, answer.log);
  const death = { during, cause, evidence, remedy, log };
  await ports.journal.append({ type: "server.failed", label, model, ...death });
  return `${serverFailureText(during)}: ${cause}`;
}
