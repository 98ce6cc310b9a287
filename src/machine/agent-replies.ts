import type {
  FactsJson,
  GpuSampleJson,
  InspectionJson,
  ServeJson,
  ServerStatusJson,
  SetupStatusJson,
} from "./agent-protocol.ts";
import {
  MachineError,
  type GpuSample,
  type Inspection,
  type MachineFacts,
  type ServeRequest,
  type ServerStatus,
  type SetupStatus,
} from "./machine.ts";
import { plainText } from "./remote-text.ts";

type Check<T> = (value: unknown) => value is T;

const text: Check<string> = (value) => typeof value === "string";
const count: Check<number> = (value): value is number =>
  typeof value === "number" && Number.isFinite(value) && value >= 0;
const integer: Check<number> = (value): value is number => Number.isInteger(value);
const flag: Check<boolean> = (value) => typeof value === "boolean";
const nullable =
  <T>(check: Check<T>): Check<T | null> =>
  (value): value is T | null =>
    value === null || check(value);
const oneOf =
  <const T extends string>(...words: readonly T[]): Check<T> =>
  (value): value is T =>
    words.some((word) => word === value);
const object =
  <T>(shape: { readonly [K in keyof T]: Check<T[K]> }): Check<T> =>
  (value): value is T =>
    typeof value === "object" &&
    value !== null &&
    Object.entries<Check<unknown>>(shape).every(([key, check]) =>
      check((value as Record<string, unknown>)[key]),
    );
const listOf =
  <T>(check: Check<T>): Check<T[]> =>
  (value): value is T[] =>
    Array.isArray(value) && value.every((item) => check(item));

const SETUP = object<SetupStatusJson>({
  state: oneOf("waiting", "running", "done", "failed"),
  stage: text,
  index: count,
  stages: count,
  reboot_needed: flag,
  reason: nullable(text),
  boot_id: text,
});
const FACTS = object<FactsJson>({
  gpus: listOf(
    object<FactsJson["gpus"][number]>({
      name: text,
      memory_mib: nullable(count),
      driver: text,
      compute_capability: text,
      power_limit_w: nullable(count),
      max_clock_mhz: nullable(count),
    }),
  ),
  cuda: text,
  cpu: text,
  vcpus: count,
  ram_mib: count,
  kernel: text,
  os: text,
});
const INSPECTION = object<InspectionJson>({
  uid: count,
  kernel: text,
  boot_id: text,
  cloud_init: text,
  cloud_init_errors: listOf(text),
  module_package: nullable(text),
  module_installed: flag,
  module_installable: flag,
  module_reason: text,
  nouveau_loaded: flag,
  nvidia_loaded: flag,
  reboot_requested: flag,
  pull_seconds: nullable(count),
  unpack_seconds: nullable(count),
  complete_bytes: count,
  incomplete_files: count,
});
const SERVER = object<ServerStatusJson>({
  state: oneOf("absent", "downloading", "starting", "running", "exited"),
  exit_code: nullable(integer),
  downloaded_bytes: count,
  total_bytes: nullable(count),
  image_digest: nullable(text),
  revision: nullable(text),
  log_bytes: count,
});
const SAMPLES = listOf(
  object<GpuSampleJson>({
    clock_mhz: nullable(count),
    power_w: nullable(count),
    temperature_c: nullable(count),
    throttle: nullable(listOf(text)),
  }),
);

/** Parses a reply as untrusted input: validates its shape and removes control characters from its strings. */
function parse<T>(bytes: Buffer, check: Check<T>, verb: string): T {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"), (_, part: unknown) =>
      typeof part === "string" ? plainText(part) : part,
    );
  } catch {
    value = undefined;
  }
  if (!check(value)) {
    throw new MachineError(
      "command",
      `${verb}: unexpected reply from the VM: ${plainText(bytes, 200)}`,
    );
  }
  return value;
}

export function readSetupStatus(bytes: Buffer): SetupStatus {
  const json = parse(bytes, SETUP, "setup-status");
  return {
    state: json.state,
    stage: json.stage,
    index: json.index,
    stages: json.stages,
    rebootNeeded: json.reboot_needed,
    reason: json.reason ?? undefined,
    bootId: json.boot_id,
  };
}

export function readFacts(bytes: Buffer): MachineFacts {
  const json = parse(bytes, FACTS, "facts");
  return {
    gpus: json.gpus.map((gpu) => ({
      name: gpu.name,
      memoryMib: gpu.memory_mib ?? undefined,
      driver: gpu.driver,
      computeCapability: gpu.compute_capability,
      powerLimitW: gpu.power_limit_w ?? undefined,
      maxClockMhz: gpu.max_clock_mhz ?? undefined,
    })),
    cuda: json.cuda,
    cpu: json.cpu,
    vcpus: json.vcpus,
    ramMib: json.ram_mib,
    kernel: json.kernel,
    os: json.os,
  };
}

export function readInspection(bytes: Buffer): Inspection {
  const json = parse(bytes, INSPECTION, "inspect");
  return {
    uid: json.uid,
    kernel: json.kernel,
    bootId: json.boot_id,
    cloudInit: json.cloud_init,
    cloudInitErrors: json.cloud_init_errors,
    modulePackage: json.module_package ?? undefined,
    moduleInstalled: json.module_installed,
    moduleInstallable: json.module_installable,
    moduleReason: json.module_reason,
    nouveauLoaded: json.nouveau_loaded,
    nvidiaLoaded: json.nvidia_loaded,
    rebootRequested: json.reboot_requested,
    pullSeconds: json.pull_seconds ?? undefined,
    unpackSeconds: json.unpack_seconds ?? undefined,
    completeBytes: json.complete_bytes,
    incompleteFiles: json.incomplete_files,
  };
}

export function readServerStatus(bytes: Buffer): ServerStatus {
  const json = parse(bytes, SERVER, "server-status");
  return {
    state: json.state,
    exitCode: json.exit_code ?? undefined,
    downloadedBytes: json.downloaded_bytes,
    totalBytes: json.total_bytes ?? undefined,
    imageDigest: json.image_digest ?? undefined,
    revision: json.revision ?? undefined,
    logBytes: json.log_bytes,
  };
}

export function readSamples(bytes: Buffer): readonly GpuSample[] {
  return parse(bytes, SAMPLES, "sample").map((sample) => ({
    clockMhz: sample.clock_mhz ?? undefined,
    powerW: sample.power_w ?? undefined,
    temperatureC: sample.temperature_c ?? undefined,
    throttle: sample.throttle ?? undefined,
  }));
}

export function writeServeRequest(request: ServeRequest): string {
  return JSON.stringify({
    image: request.image,
    model: request.model,
    revision: request.revision ?? null,
    tensor_parallel_size: request.tensorParallel,
    pipeline_parallel_size: request.pipelineParallel,
    max_model_len: request.maxModelLen,
    gpu_memory_utilization: request.gpuMemoryUtilization,
    dtype: request.dtype,
    quantization: request.quantization ?? null,
    attention_backend: request.attentionBackend ?? null,
    kv_cache_dtype: request.kvCacheDtype ?? null,
    enforce_eager: request.enforceEager,
    max_num_seqs: request.maxNumSeqs ?? null,
    trust_remote_code: request.trustRemoteCode,
    stream_interval: request.streamInterval ?? null,
    ...(request.disableXet ? { disable_xet: true } : {}),
    ...(request.disableP2p ? { disable_p2p: true } : {}),
  } satisfies ServeJson);
}
