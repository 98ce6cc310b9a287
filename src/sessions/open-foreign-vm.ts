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
 * A VM of the Python tool: its server through the tool's tunnel, or through one of ours when that one is down; its
 * type and price from Linode where there is a token, else from the session; its GPUs from itself, where `ssh` gets in.
 * @throws SweepError when its server cannot be reached.
 */
export async function openForeignVm(
  session: Session,
  request: CloudTargetRequest,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<OpenedVm> {
  const { apiBase, apiKey, instanceId, modelId, name, provider, servedModelName } = session;
  if (apiBase === undefined)
    throw new SweepError(`session ${name} does not say where its server is`, {
      exitCode: ExitCode.usage,
      reason: "its aider-env has no OPENAI_API_BASE",
      hint: "maider-sweep benchmark --api-base http://127.0.0.1:8000/v1",
    });
  const tunnel = (await answers(apiBase, signal))
    ? undefined
    : await openSshTunnel(session, signal);
  const warnings: string[] = [];
  const askLinode = (): Promise<LinodeFacts | undefined> =>
    linodeFacts(session, request, env, signal);
  const [{ rented, region }, answer] = await Promise.all([
    rentedAs(session, askLinode, (text) => warnings.push(text), signal),
    foreignGpus(session, signal),
  ]).catch((error: unknown) => {
    tunnel?.close();
    throw error;
  });
  const seen = "gpus" in answer ? answer.gpus : undefined;
  const other = rented !== undefined && seen !== undefined && seen.length !== rented.gpu.gpus;
  if ("unread" in answer)
    warnings.push(
      `the VM could not be asked for its GPUs, and its record says so: ${answer.unread}`,
    );
  if (other)
    warnings.push(
      `the VM has ${String(seen.length)} GPUs (${seen[0]?.name ?? ""}), which is no ${rented.gpu.id}, so nothing is recorded`,
    );
  const base = tunnel?.apiBase ?? apiBase;
  return {
    connection: connectionTo(base, apiKey),
    apiBase: base,
    model: servedModelName,
    modelId,
    rented: other ? undefined : rented,
    vm: `${provider}-${instanceId}`,
    region,
    simulated: false,
    engine: {},
    // The reason may hold an address.
    provenance: "unread" in answer ? { gpu_facts: "not read over SSH" } : answer.provenance,
    sampleGpus: undefined,
    clock: realClock(),
    warnings: [...warnings, ...tunnelWarning(tunnel)],
    close: async () => tunnel?.close(),
  };
}

function tunnelWarning(tunnel: SshTunnel | undefined): string[] {
  return tunnel === undefined
    ? []
    : ["the session's tunnel is down; measuring through one of ours"];
}

async function answers(apiBase: string, signal: AbortSignal): Promise<boolean> {
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

/** Undefined for a type whose card is not known: then there are figures, and no record. */
async function rentedAs(
  session: Session,
  askLinode: () => Promise<LinodeFacts | undefined>,
  warn: (text: string) => void,
  signal: AbortSignal,
): Promise<{ readonly rented: RentedGpu | undefined; readonly region: string | undefined }> {
  const facts = await askLinode().catch((error: unknown) => {
    signal.throwIfAborted();
    warn(
      `Linode could not be asked for type and price, so they are the session's: ${errorText(error)}`,
    );
    return undefined;
  });
  const id = facts?.type ?? session.type;
  const priceMicroUsd = facts?.hourly ?? microUsd(session.hourlyCost);
  const differs = id !== session.type || priceMicroUsd !== microUsd(session.hourlyCost);
  if (facts !== undefined && differs)
    warn(
      `the session says ${session.type} at $${String(session.hourlyCost)} an hour; Linode's word counts`,
    );
  const type = findGpuType(id);
  if (type === undefined) {
    warn(`${id} is no GPU type that is known, so nothing is recorded`);
    return { rented: undefined, region: facts?.region };
  }
  const gpu = { id, gpus: type.gpus, vramGb: type.card.vramGb };
  return { rented: { gpu, priceMicroUsd }, region: facts?.region };
}

/** @returns undefined without a token. @throws when Linode does not know the VM, or does not answer */
async function linodeFacts(
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
  if (price === undefined) throw new Error(`there is no price of ${vm.type}`);
  const { type, region } = vm;
  return { type, region, hourly: price.byRegion.get(region) ?? price.hourly };
}
