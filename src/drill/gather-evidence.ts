import { FencedError } from "../journal/journal-errors.ts";
import { MachineError, type ServeChange, type ServerStatus } from "../machine/machine.ts";
import { readServerLog } from "../machine/read-server-log.ts";
import type { Configuration } from "../plan/coverage-plan.ts";
import { errorText } from "../support/errors.ts";
import type { ProbedVm } from "../sweep/probed-vm.ts";
import { startupMemory } from "../vllm/startup-memory.ts";
import { fixedLengthReplies } from "./fixed-length-replies.ts";
import type { CheckNumber, LiveEvidence, PeerToPeer, ServerStart } from "./live-evidence.ts";

/** A download is killed once this share of it is there. */
const KILL_AT = 0.2;
/** The same, if the size of the download is not known yet. */
const KILL_AT_BYTES = 1e9;
const DOWNLOAD_STARTS_MS = 10 * 60_000;
const LOOK_EVERY_MS = 1_000;
const AT_LEAST_REAL_MS = 40;

/**
 * Does all probes of a VM with one GPU, in the order in which they need each other. If one fails, its error
 * is noted and the others follow.
 * @throws what ends the rental: its deadline, a connection that is lost for good, another owner
 */
export async function probeOneGpu(vm: ProbedVm, evidence: LiveEvidence): Promise<void> {
  const { configurations, signal } = vm;
  const [awq, gptOss] = configurations;
  Object.assign(evidence, { label: vm.label, configurations });
  const step = stepsOf(vm, evidence);
  const inspect = () => vm.run((machine) => machine.inspect(signal));

  await step(1, async () => {
    evidence.afterSetup = await inspect();
  });
  await step(2, async () => {
    evidence.reboot = await vm.reboot();
    evidence.afterReboot = await inspect();
  });
  if (awq !== undefined) {
    await step(7, async () => {
      evidence.killedDownload = await killDownload(vm, awq);
    });
    await step(8, async () => {
      await vm.measure(awq);
      evidence.gpuSamples = await vm.run((machine) => machine.sampleGpus(signal));
    });
    await step(4, async () => {
      evidence.memory = startupMemory(await vm.run((machine) => readServerLog(machine, signal)));
    });
    await step(7, async () => {
      const { incompleteFiles } = await inspect();
      if (evidence.killedDownload !== undefined)
        evidence.killedDownload.incompleteFilesAfterRestart = incompleteFiles;
    });
  }
  if (gptOss === undefined) return;
  await step(6, async () => {
    evidence.startWithoutXet = await startServer(vm, gptOss, { disableXet: true });
  });
  await step(5, async () => {
    const start = evidence.startWithoutXet;
    if (start?.ready !== true) throw new Error(`${gptOss.model.id} was not served`);
    const served = { model: gptOss.model.id, maxModelLen: start.maxModelLen };
    evidence.replies = {
      withStopToken: await fixedLengthReplies(vm, served, true),
      withoutStopToken: await fixedLengthReplies(vm, served, false),
    };
  });
}

/** Serves a model on two GPUs, as a sweep does and without peer-to-peer access. @throws as `probeOneGpu` */
export async function probeTwoGpus(vm: ProbedVm, evidence: LiveEvidence): Promise<void> {
  const [configuration] = vm.configurations;
  Object.assign(evidence, { label: vm.label, configurations: vm.configurations });
  if (configuration === undefined) return;
  const served = async (change: ServeChange): Promise<PeerToPeer["usual"]> => {
    const start = await startServer(vm, configuration, change);
    if (!start.ready) return { start, tokensPerSecond: undefined };
    const model = configuration.model.id;
    const replies = await fixedLengthReplies(vm, { model, maxModelLen: start.maxModelLen }, true);
    return { start, tokensPerSecond: replies.tokensPerSecond };
  };
  await stepsOf(vm, evidence)(10, async () => {
    const usual = await served({});
    evidence.peerToPeer = { usual, disabled: await served({ disableP2p: true }) };
  });
}

async function startServer(
  vm: ProbedVm,
  configuration: Configuration,
  change: ServeChange,
): Promise<ServerStart> {
  const start = await vm.serve(configuration, change);
  return start.ready ? start : { ready: false, cause: start.cause };
}

function stepsOf(
  { signal }: ProbedVm,
  { failures }: LiveEvidence,
): (check: CheckNumber, work: () => Promise<void>) => Promise<void> {
  return async (check, work) => {
    try {
      await work();
    } catch (error) {
      failures[check] ??= errorText(signal.aborted ? signal.reason : error);
      if (signal.aborted || endsRental(error)) throw error;
    }
  };
}

/** The connection is lost for good, or another process owns the run. */
function endsRental(error: unknown): boolean {
  if (error instanceof FencedError) return true;
  return error instanceof MachineError && error.kind === "link_lost";
}

/** Serves a model, stops the server in the middle of the download, and counts the incomplete files. */
async function killDownload(
  vm: ProbedVm,
  configuration: Configuration,
): Promise<NonNullable<LiveEvidence["killedDownload"]>> {
  const { clock, signal } = vm;
  await vm.run((machine) => machine.serve(vm.requestOf(configuration), signal));
  const end = clock.monotonic() + DOWNLOAD_STARTS_MS;
  let bytes: number | undefined;
  while (bytes === undefined) {
    const status = await vm.run((machine) => machine.serverStatus(signal));
    if (isUnderWay(status)) {
      bytes = status.downloadedBytes;
      break;
    }
    if (["absent", "exited", "running"].includes(status.state))
      throw new Error(`the server is ${status.state}: there was no download to kill`);
    if (clock.monotonic() >= end) throw new Error("the download did not start in 10 minutes");
    await clock.sleep(Math.max(LOOK_EVERY_MS, AT_LEAST_REAL_MS * clock.speed), signal);
  }
  await vm.run((machine) => machine.stopServer(signal));
  const { incompleteFiles } = await vm.run((machine) => machine.inspect(signal));
  return { bytes, incompleteFiles };
}

function isUnderWay({ state, downloadedBytes, totalBytes }: ServerStatus): boolean {
  const enough = totalBytes === undefined ? KILL_AT_BYTES : KILL_AT * totalBytes;
  return state === "downloading" && downloadedBytes >= enough;
}
