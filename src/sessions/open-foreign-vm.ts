import { findGpuType } from "../catalog/gpu-catalog.ts";
import { realClock } from "../support/clock.ts";
import { errorText, ExitCode, SweepError } from "../support/errors.ts";
import { microUsd } from "../support/money.ts";
import { connectionTo } from "../vllm/api-base.ts";
import type { RentedGpu } from "../run/benchmark-server.ts";
import { openCloudTarget } from "../run/cloud-access/cloud-target.ts";
import type { CloudTargetRequest } from "../run/run-request.ts";
import { connectCloud } from "../run/wire.ts";
import { foreignGpus } from "./foreign-gpus.ts";
import type { OpenedVm } from "./opened-vm.ts";
import type { Session } from "./session.ts";
import { openSshTunnel, type SshTunnel } from "./ssh-tunnel.ts";

/**
 * Opens a VM of the Python tool for measuring. Its server is reached through the tool's tunnel, or through a new one if
 * that is down. Type and price come from Linode if there is a token, otherwise from the session; the GPUs are read from
 * the VM if `ssh` can log in.
 * @throws SweepError if the server cannot be reached
 */
export async function openForeignVm(
  session: Session,
  request: CloudTargetRequest,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<OpenedVm> {
  const { apiBase, apiKey, instanceId, modelId, name, provider, servedModelName } = session;
  if (apiBase === undefined)
    throw new SweepError(`session ${name} has no server address`, {
      exitCode: ExitCode.usage,
      reason: "its aider-env does not set OPENAI_API_BASE",
      hint: "maider-sweep benchmark --api-base http://127.0.0.1:8000/v1",
    });
  const tunnel = (await acceptsConnections(apiBase, signal))
    ? undefined
    : await openSshTunnel(session, signal);
  const warnings: string[] = [];
  const [{ rented, region }, gpuFacts] = await Promise.all([
    identifyGpu(
      session,
      () => readLinodeFacts(session, request, env, signal),
      (text) => warnings.push(text),
      signal,
    ),
    foreignGpus(session, signal),
  ]).catch((error: unknown) => {
    tunnel?.close();
    throw error;
  });
  const gpus = "gpus" in gpuFacts ? gpuFacts.gpus : undefined;
  const mismatch = rented !== undefined && gpus !== undefined && gpus.length !== rented.gpu.gpus;
  if ("failure" in gpuFacts)
    warnings.push(
      `the GPUs could not be read from the VM, which the record notes: ${gpuFacts.failure}`,
    );
  if (mismatch)
    warnings.push(
      `the VM has ${String(gpus.length)} GPUs (${gpus[0]?.name ?? ""}), unlike a ${rented.gpu.id}: nothing is recorded`,
    );
  const base = tunnel?.apiBase ?? apiBase;
  return {
    connection: connectionTo(base, apiKey),
    apiBase: base,
    model: servedModelName,
    modelId,
    rented: mismatch ? undefined : rented,
    vm: `${provider}-${instanceId}`,
    region,
    simulated: false,
    engine: {},
    // The reason is left out of the record, since it may contain an address.
    provenance: "failure" in gpuFacts ? { gpu_facts: "not read over SSH" } : gpuFacts.provenance,
    sampleGpus: undefined,
    clock: realClock(),
    warnings: [...warnings, ...tunnelWarning(tunnel)],
    close: async () => tunnel?.close(),
  };
}

function tunnelWarning(tunnel: SshTunnel | undefined): string[] {
  return tunnel === undefined ? [] : ["the session's tunnel is down; measuring through a new one"];
}

async function acceptsConnections(apiBase: string, signal: AbortSignal): Promise<boolean> {
  try {
    (await connectionTo(apiBase, undefined).open(signal)).destroy();
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

interface LinodeFacts {
  readonly type: string;
  readonly region: string;
  /** Micro-dollars. */
  readonly hourly: number;
}

/** @returns `rented` undefined for an unknown GPU type: figures are shown, but no record is written */
async function identifyGpu(
  session: Session,
  readFacts: () => Promise<LinodeFacts | undefined>,
  warn: (text: string) => void,
  signal: AbortSignal,
): Promise<{ readonly rented: RentedGpu | undefined; readonly region: string | undefined }> {
  const facts = await readFacts().catch((error: unknown) => {
    signal.throwIfAborted();
    warn(`type and price could not be read from Linode; using the session's: ${errorText(error)}`);
    return undefined;
  });
  const id = facts?.type ?? session.type;
  const priceMicroUsd = facts?.hourly ?? microUsd(session.hourlyCost);
  const differs = id !== session.type || priceMicroUsd !== microUsd(session.hourlyCost);
  if (facts !== undefined && differs)
    warn(
      `the session says ${session.type} at $${String(session.hourlyCost)} an hour; using Linode's type and price instead`,
    );
  const type = findGpuType(id);
  if (type === undefined) {
    warn(`${id} is not a known GPU type: nothing is recorded`);
    return { rented: undefined, region: facts?.region };
  }
  const gpu = { id, gpus: type.gpus, vramGb: type.card.vramGb };
  return { rented: { gpu, priceMicroUsd }, region: facts?.region };
}

/** @returns undefined without a token. @throws if the account has no such VM, or the API does not answer */
async function readLinodeFacts(
  { instanceId, ip, provider }: Session,
  request: CloudTargetRequest,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<LinodeFacts | undefined> {
  const target = await openCloudTarget(request, env, false);
  if (target.token === undefined || provider !== "linode") return undefined;
  const cloud = connectCloud(target);
  const vm = await cloud.getVm(Number(instanceId), signal);
  if (vm === undefined || (vm.ipv4 !== undefined && vm.ipv4 !== ip))
    throw new Error(`this account has no VM ${instanceId} at ${ip}`);
  const price = (await cloud.prices(signal)).find(({ id }) => id === vm.type);
  if (price === undefined) throw new Error(`Linode lists no price for ${vm.type}`);
  const { type, region } = vm;
  return { type, region, hourly: price.byRegion.get(region) ?? price.hourly };
}
