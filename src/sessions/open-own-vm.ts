import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findGpuType } from "../catalog/gpu-catalog.ts";
import type { GpuType } from "../catalog/gpu-types.ts";
import type { VllmConfig } from "../evidence/record.ts";
import type { EventOf, SweepEvent } from "../journal/events.ts";
import { foldRun } from "../run-state/fold-run.ts";
import { readJournal } from "../journal/journal-file.ts";
import { OPEN_STAGES, type RentalState } from "../run-state/run-state.ts";
import { runFolder } from "../journal/state-folder.ts";
import type { Machine, MachineFacts } from "../machine/machine.ts";
import { readServerLog } from "../machine/read-server-log.ts";
import { startupFacts } from "../vllm/startup-facts.ts";
import { machineProvenance } from "../sweep/rental/to-record.ts";
import { errorText, ExitCode, SweepError } from "../support/errors.ts";
import { packageVersion } from "../support/package-version.ts";
import { clockOfRun } from "../run/run-folder/run-clock.ts";
import { connectMachine } from "../run/wire.ts";
import type { OpenedVm } from "./opened-vm.ts";
import type { SessionRental } from "./session.ts";

/**
 * Opens a rental of ours that is up for measuring, over a new SSH connection. Address and keys come from its journal and
 * its run's folder; GPU, engine and driver are read from the machine.
 * @throws SweepError if it is not up, cannot be reached, or has other GPUs than were rented
 */
export async function openOwnVm(
  { stateDir, run, label }: SessionRental,
  signal: AbortSignal,
): Promise<OpenedVm> {
  const folder = runFolder(stateDir, run);
  const { events } = readJournal(folder);
  const { opened, rentals } = foldRun(events);
  const rental = rentals.get(label);
  const host = rental?.ipv4;
  if (opened === undefined || rental === undefined || host === undefined || !isUp(rental))
    throw new SweepError(`${label} is not up`, {
      exitCode: ExitCode.usage,
      reason: rental === undefined ? `run ${run} has no such VM` : `it is ${rental.stage}`,
      hint: "maider-sweep list shows the VMs that are up",
    });
  const clock = await clockOfRun(opened);
  const machine = await connect(rental, host, opened, join(folder, `${label}.key`), clock, signal);
  try {
    const facts = await machine.facts(signal);
    const type = checkGpuType(rental.gpu, facts);
    return {
      connection: {
        open: (inner) => machine.openChannel(inner),
        basePath: "/v1",
        apiKey: undefined,
      },
      apiBase: `${label} over SSH`,
      model: undefined,
      modelId: undefined,
      rented: {
        gpu: { id: type.id, gpus: facts.gpus.length, vramGb: type.card.vramGb },
        priceMicroUsd: rental.priceMicroUsd,
      },
      vm: label,
      region: rental.region,
      simulated: opened.world !== null,
      engine: await readEngine(machine, events, label, signal),
      provenance: { ...machineProvenance(facts), maider_sweep: packageVersion() },
      sampleGpus: (inner) => machine.sampleGpus(inner),
      clock,
      warnings: [],
      close: () => machine.close(),
    };
  } catch (error) {
    await machine.close().catch(() => undefined);
    throw error;
  }
}

function isUp({ stage }: RentalState): boolean {
  return OPEN_STAGES.has(stage) && stage !== "destroying";
}

async function connect(
  rental: RentalState,
  host: string,
  { ssh_port: port }: EventOf<"run.opened">,
  keyFile: string,
  clock: OpenedVm["clock"],
  signal: AbortSignal,
): Promise<Machine> {
  const { label, hostKey } = rental;
  let clientKey: string;
  try {
    clientKey = readFileSync(keyFile, "utf8");
  } catch {
    throw new SweepError(`there is no SSH key for ${label}`, {
      exitCode: ExitCode.usage,
      reason: `${keyFile} cannot be read`,
      hint: "only VMs of `up` and those left by --keep-on-failure have a key file, not those of a running sweep",
    });
  }
  try {
    const target = { label, host, port, hostKey, clientKey };
    return await (await connectMachine(clock)).connect(target, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new SweepError(`${label} cannot be reached`, {
      exitCode: ExitCode.provider,
      reason: errorText(error),
      hint: "maider-sweep status shows whether the VM still exists; your public address may have changed",
    });
  }
}

/** @throws SweepError if the machine does not have the number of GPUs that were rented */
function checkGpuType(id: string, { gpus }: MachineFacts): GpuType {
  const type = findGpuType(id);
  if (type !== undefined && gpus.length === type.gpus) return type;
  throw new SweepError(`the VM is not the ${id} that was rented`, {
    exitCode: ExitCode.provider,
    reason: `it has ${gpus.length} GPUs: ${gpus.map(({ name }) => name).join(", ")}`,
    hint: "log in and run nvidia-smi",
  });
}

/** Reads the engine's settings from the container and from vLLM's log. */
async function readEngine(
  machine: Machine,
  events: readonly SweepEvent[],
  label: string,
  signal: AbortSignal,
): Promise<Partial<VllmConfig>> {
  const { imageDigest, revision } = await machine.serverStatus(signal);
  const { attentionBackend, dtype, quantization, settings } = startupFacts(
    await readServerLog(machine, signal),
  );
  const { max_seq_len: _, ...resolved } = settings;
  const started = events.findLast(
    (event): event is EventOf<"server.starting"> =>
      event.type === "server.starting" && event.label === label,
  );
  return {
    ...resolved,
    ...(started === undefined ? {} : { image: started.image }),
    ...(imageDigest === undefined ? {} : { image_digest: imageDigest }),
    ...(revision === undefined ? {} : { revision }),
    ...(dtype === undefined ? {} : { dtype }),
    ...(quantization === undefined ? {} : { quantization }),
    ...(attentionBackend === undefined ? {} : { attention_backend: attentionBackend }),
  };
}
