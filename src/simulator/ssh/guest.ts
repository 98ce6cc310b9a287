import { createHash } from "node:crypto";
import type {
  FactsJson,
  GpuSampleJson,
  InspectionJson,
  ServeJson,
  ServerStatusJson,
  SetupStatusJson,
} from "../../machine/agent-protocol.ts";
import { createRandom } from "../world/random.ts";
import type { Coefficients } from "../world/coefficients.ts";
import type { MachineFault } from "../faults/fault-scripts.ts";
import type { ServedRequest, SimulatedVm } from "../world/simulated-vm.ts";
import type { EngineRequest } from "../vllm/engine-request.ts";
import { gpuFacts } from "./gpu-facts.ts";
import { createGuestGpus } from "./guest-gpus.ts";
import type { GuestSetup } from "./guest-setup.ts";
import { inspectGuest } from "./inspection.ts";
import { createModelCache, type ModelCache } from "./model-cache.ts";
import { createSetupRun } from "./setup-run.ts";
import { createVmFaults, type FaultyLink, type VmFaults } from "../faults/vm-faults.ts";
import type { Timeline } from "../vllm/timeline.ts";
import { createVllmProcess, imageDigest, type VllmProcess } from "../vllm/vllm-process.ts";

export interface GuestOptions {
  readonly vm: SimulatedVm;
  readonly setup: GuestSetup;
  readonly timeline: Timeline;
  readonly coefficients: Coefficients;
  readonly seed: number;
  readonly onServed: (served: ServedRequest) => void;
  readonly link: FaultyLink;
}

/** The programs on a VM, and the contents of its disk, which are kept over a reboot. */
export interface Guest {
  readonly vm: SimulatedVm;
  readonly setup: GuestSetup;
  setupStatus(): SetupStatusJson;
  /** Undefined until the driver is installed. */
  facts(): FactsJson | undefined;
  inspect(): InspectionJson;
  sample(): readonly GpuSampleJson[];
  setSecret(secret: string): void;
  serve(request: ServeJson): void;
  serverStatus(): ServerStatusJson;
  serverLog(): Buffer;
  stopServer(): void;
  /** The vLLM server that listens on the loopback interface, if any. */
  vllm(): ReturnType<VllmProcess["server"]>;
  bootUp(faults: readonly MachineFault[], bootedMs: number): void;
  /** Ends all programs; the disk is kept. */
  shutDown(): void;
}

export const SETUP_PATH = "/opt/maider-sweep/setup";
const ABSENT: ServerStatusJson = {
  state: "absent",
  exit_code: null,
  downloaded_bytes: 0,
  total_bytes: null,
  image_digest: null,
  revision: null,
  log_bytes: 0,
};

const NOT_STARTED: Omit<SetupStatusJson, "boot_id"> = {
  state: "waiting",
  stage: "packages",
  index: 0,
  stages: 5,
  reboot_needed: false,
  reason: null,
};

export function createGuest(options: GuestOptions): Guest {
  const { vm, setup, timeline, coefficients } = options;
  const random = createRandom(`${String(options.seed)}/sample/${String(vm.id)}`);
  const gpus = createGuestGpus(vm.type, random, () => timeline.now());
  const setupRun = createSetupRun(coefficients.setupSeconds(vm) * 1000, () => timeline.now());
  const starts = setup.commands.some((command) => command.includes(SETUP_PATH));
  const cache = createModelCache();
  let boots = 0;
  let secret = "";
  let lastServed = "";
  let process: VllmProcess | undefined;
  let vmFaults = createVmFaults(timeline, [], 0, options.link);

  const setupStatus = (): SetupStatusJson => ({
    ...(starts && setup.files.has(SETUP_PATH) ? setupRun.status() : NOT_STARTED),
    boot_id: bootId(`${String(options.seed)}/${String(vm.id)}/${String(boots)}`),
  });
  const has = (action: MachineFault["action"]): boolean => vmFaults.find(action) !== undefined;
  const applyInPassFaults = (running: VllmProcess, request: EngineRequest): void => {
    for (const fault of vmFaults.takeInPassFaults(running.request.model)) {
      if (fault.action === "stalls") request.stall();
      else if (fault.action === "server-dies") running.crash();
      else if (fault.action === "throttles") gpus.heat(fault.for_seconds);
      else options.link.freeze();
    }
  };
  const stopServer = (): void => {
    if (process?.status().state === "downloading") cache.breakOff(process.request.model);
    process?.stop();
    process = undefined;
  };
  return {
    vm,
    setup,
    setupStatus,
    facts: () => (setupStatus().index > 3 ? gpuFacts(vm.type) : undefined),
    sample: () => {
      const busy = (process?.server()?.engine.running.length ?? 0) > 0;
      return gpus.sample(busy, !has("samples-unavailable"));
    },
    setSecret: (newSecret) => {
      secret = newSecret;
    },
    inspect: () =>
      inspectGuest({
        bootId: setupStatus().boot_id,
        rebootRequested: setupRun.rebootRequested(),
        setupSeconds: coefficients.setupSeconds(vm),
        server: process,
        incompleteFiles: cache.incompleteFiles(lastServed),
        has,
      }),
    serve: (request) => {
      stopServer();
      lastServed = request.model;
      if (!has("parts-remain")) cache.removeIncomplete(lastServed);
      process = startVllm(request, {
        options,
        hasSecret: secret !== "",
        cache,
        vmFaults,
        applyInPassFaults,
      });
    },
    serverStatus: () => process?.status() ?? { ...ABSENT, image_digest: pulledImage(setup) },
    serverLog: () => process?.log() ?? Buffer.alloc(0),
    stopServer,
    vllm: () => process?.server(),
    bootUp: (faults, bootedMs) => {
      boots += 1;
      setupRun.bootUp(faults);
      vmFaults = createVmFaults(timeline, faults, bootedMs, options.link);
    },
    shutDown: () => {
      setupRun.shutDown();
      // The secret is kept in memory only.
      secret = "";
      stopServer();
      vmFaults.end();
    },
  };
}

function startVllm(
  request: ServeJson,
  guest: {
    readonly options: GuestOptions;
    readonly hasSecret: boolean;
    readonly cache: ModelCache;
    readonly vmFaults: VmFaults;
    readonly applyInPassFaults: (running: VllmProcess, request: EngineRequest) => void;
  },
): VllmProcess {
  const { cache, hasSecret, options, vmFaults } = guest;
  const { coefficients, onServed, seed, timeline, vm } = options;
  const { model } = request;
  const started: VllmProcess = createVllmProcess({
    request,
    vm,
    timeline,
    coefficients,
    seed,
    hasSecret,
    cached: cache.isComplete(model),
    faultOf: (action) => vmFaults.find(action, model),
    onDownloaded: () => cache.complete(model),
    checkpoint: (maxTokens) => {
      const afterTokens = vmFaults.faultAfterTokens(model, maxTokens);
      if (afterTokens === undefined) return undefined;
      return { afterTokens, onReached: (running) => guest.applyInPassFaults(started, running) };
    },
    onServed,
  });
  return started;
}

/** A value like that of `/proc/sys/kernel/random/boot_id`, different for each boot. */
function bootId(key: string): string {
  const hex = createHash("sha1").update(key).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}

/** Digest of the image that the set-up pulls, whose name it reads from `setup.json`. */
function pulledImage(setup: GuestSetup): string | null {
  const file = setup.files.get("/opt/maider-sweep/setup.json")?.content.toString() ?? "";
  const image = /"image":\s*"([^"]+)"/.exec(file)?.[1];
  return image === undefined ? null : imageDigest(image);
}
