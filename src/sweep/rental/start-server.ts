import { findModel } from "../../catalog/model-catalog.ts";
import {
  type Machine,
  MachineError,
  type ServeChange,
  type ServeRequest,
} from "../../machine/machine.ts";
import { configurationKey } from "../configuration-key.ts";
import type { Configuration } from "../../plan/coverage-plan.ts";
import { type ServerRetry, planServerRetry } from "./plan-server-retry.ts";
import { TIMEOUTS, SERVER_RETRIES } from "../timeouts.ts";
import type { ServerFailure, ServerReady, SweepPorts } from "../ports.ts";
import type { SweepSettings } from "../settings.ts";

/** A configuration to serve on a VM. */
export interface ServerJob {
  readonly label: string;
  readonly configuration: Configuration;
  readonly machine: Machine;
  /** Whether the server may be running already, with its weights loaded, as after a lost link. */
  readonly serverMayBeRunning: boolean;
  /** What the first attempt requests otherwise; left out = nothing. */
  readonly change?: ServeChange;
}

/**
 * Starts the server of a configuration, again with changes if it fails, and waits until it is ready. The Hugging Face
 * token is on the VM only during the download of a model that may need it.
 */
export async function startServer(
  job: ServerJob,
  ports: SweepPorts,
  settings: SweepSettings,
  signal: AbortSignal,
): Promise<ServerReady | ServerFailure> {
  const { hfToken } = settings;
  const { configuration, machine } = job;
  if (hfToken === undefined || !mayNeedToken(configuration.model))
    return untilReady(job, ports, settings, signal);
  let served: ServerReady | ServerFailure;
  try {
    await machine.setSecret(hfToken, signal);
    served = await untilReady(job, ports, settings, signal);
  } catch (error) {
    // The VM may be held for a look at it; one whose signal has aborted is destroyed.
    if (!signal.aborted) await machine.setSecret(undefined, signal).catch(() => undefined);
    throw error;
  }
  await machine.setSecret(undefined, signal);
  return served;
}

/** A model that is not in the catalogue may be private. */
function mayNeedToken({ id, gated }: Configuration["model"]): boolean {
  return gated || findModel(id) === undefined;
}

async function untilReady(
  job: ServerJob,
  ports: SweepPorts,
  settings: SweepSettings,
  signal: AbortSignal,
): Promise<ServerReady | ServerFailure> {
  const { configuration, label, machine } = job;
  const model = configuration.model.id;
  const original = { ...serveRequest(configuration, settings), ...job.change };
  let request = original;
  for (let attempt = 0; ; attempt += 1) {
    await ports.journal.append({
      type: "server.starting",
      label,
      model,
      configuration: configurationKey(configuration),
      image: request.image,
      max_model_len: request.maxModelLen,
    });
    const mayBeRunning = attempt === 0 && job.serverMayBeRunning;
    const answer =
      (mayBeRunning ? undefined : await serve(machine, request, signal)) ??
      (await waitUntilReady(job, ports, signal));
    if (answer.ready) {
      await ports.journal.append({
        type: "server.ready",
        label,
        model,
        seconds: answer.seconds,
        download_seconds: answer.downloadSeconds,
        vllm_version: answer.vllmVersion,
      });
      return answer;
    }
    // If the running server had failed, a new start may succeed.
    const failure = mayBeRunning ? { ...answer, retry: true } : answer;
    const next =
      attempt < SERVER_RETRIES
        ? planServerRetry(failure, request, original, configuration)
        : undefined;
    const log = await ports.saveLog(
      `${label}-${model.replaceAll("/", "--")}-${String(attempt + 1)}.log`,
      answer.log,
    );
    await ports.journal.append({
      type: "server.failed",
      label,
      model,
      cause: next === undefined ? answer.cause : `${answer.cause} (${tryingAgain(next)})`,
      evidence: logExcerpt(answer.evidence),
      remedy: answer.remedy,
      log,
    });
    if (next === undefined) return answer;
    ({ request } = next);
  }
}

/** @returns the failure if the machine cannot start the container */
async function serve(
  machine: Machine,
  request: ServeRequest,
  signal: AbortSignal,
): Promise<ServerFailure | undefined> {
  try {
    await machine.serve(request, signal);
    return undefined;
  } catch (error) {
    if (!(error instanceof MachineError) || error.kind !== "command") throw error;
    return {
      ready: false,
      cause: "the server could not be started",
      evidence: error.message,
      remedy: "see Docker's message",
      retry: true,
      planLines: [],
      log: error.message,
    };
  }
}

function waitUntilReady(
  { configuration, label, machine }: ServerJob,
  ports: SweepPorts,
  signal: AbortSignal,
): Promise<ServerReady | ServerFailure> {
  const model = configuration.model.id;
  return ports.machines.waitForServer(
    machine,
    {
      model,
      clock: ports.clock,
      ceilingMs: TIMEOUTS.serverMs,
      stallMs: TIMEOUTS.downloadStallMs,
      silentMs: TIMEOUTS.serverSilentMs,
      onProgress: ({ stage, bytes, totalBytes }) => {
        const total_bytes = totalBytes ?? null;
        void ports.journal
          .append({ type: "server.progressed", label, model, stage, bytes, total_bytes })
          .catch(() => undefined); // A journal that cannot be written fails the next awaited fact.
      },
    },
    signal,
  );
}

function tryingAgain({ change }: ServerRetry): string {
  return change === "" ? "trying again" : `trying again ${change}`;
}

export function serveRequest(configuration: Configuration, settings: SweepSettings): ServeRequest {
  const { engine, fit, model, revision } = configuration;
  return {
    image: engine.image,
    model: model.id,
    revision,
    tensorParallel: fit.tensorParallel,
    pipelineParallel: fit.pipelineParallel,
    maxModelLen: engine.maxModelLen,
    gpuMemoryUtilization: engine.gpuMemoryUtilization,
    dtype: engine.dtype === "auto" ? fit.dtype : engine.dtype,
    quantization: engine.quantization,
    attentionBackend: fit.attentionBackend,
    kvCacheDtype: engine.kvCacheDtype,
    enforceEager: engine.enforceEager,
    maxNumSeqs: engine.maxNumSeqs,
    trustRemoteCode: settings.allowRemoteCode,
    streamInterval: settings.streamInterval,
    disableXet: false,
    disableP2p: false,
  };
}

const LONGEST_EXCERPT = 300;

/** The most informative line of the end of a log: the last one that names an error, else the last one. */
export function logExcerpt(evidence: string): string {
  const lines = evidence.split("\n").filter((line) => line.trim() !== "");
  const line = lines.findLast((one) => /\w(?:Error|Exception)\b/.test(one)) ?? lines.at(-1) ?? "";
  return lines.length === 1
    ? evidence.slice(0, 4 * LONGEST_EXCERPT)
    : line.trim().slice(0, LONGEST_EXCERPT);
}
