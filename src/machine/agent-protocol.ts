/**
 * The protocol of our script on the VM (`AGENT_PATH`, installed by the user-data). Each verb is a fixed command line;
 * arguments are passed as JSON on stdin, results come as JSON on stdout. Exit code 0 = done, 1 = failed, 2 = request
 * refused; the reason is on stderr.
 */
export const AGENT_PATH = "/opt/maider-sweep/agent";

export type AgentVerb =
  /** -> SetupStatusJson */
  | "setup-status"
  /** -> FactsJson */
  | "facts"
  /** -> InspectionJson, for the live drill. Changes nothing. */
  | "inspect"
  /** stdin: the token and nothing else; empty deletes the stored one. */
  | "secret"
  /** stdin: ServeJson. Starts the server without waiting for it. */
  | "serve"
  /** -> ServerStatusJson */
  | "server-status"
  /** stdin: `{"from": offset}` -> the bytes of the log from this offset on, at most 256 KiB */
  | "server-log"
  | "stop"
  /** -> GpuSampleJson[] */
  | "sample";

export interface SetupStatusJson {
  state: "waiting" | "running" | "done" | "failed";
  stage: string;
  index: number;
  stages: number;
  reboot_needed: boolean;
  reason: string | null;
  /** The kernel's boot id, which changes with each boot. */
  boot_id: string;
}

/** null = not reported by nvidia-smi. */
export interface FactsJson {
  gpus: {
    name: string;
    memory_mib: number | null;
    driver: string;
    compute_capability: string;
    power_limit_w: number | null;
    max_clock_mhz: number | null;
  }[];
  cuda: string;
  cpu: string;
  vcpus: number;
  ram_mib: number;
  kernel: string;
  os: string;
}

/** The state of the VM after the set-up and the downloads. null = unknown. */
export interface InspectionJson {
  uid: number;
  kernel: string;
  boot_id: string;
  /** `status` of `cloud-init status`, and its errors. */
  cloud_init: string;
  cloud_init_errors: string[];
  /** Package with the driver modules for this kernel; null if our driver is not installed. */
  module_package: string | null;
  module_installed: boolean;
  /** Whether `apt-get -s install` accepts the package, and its last line of output. */
  module_installable: boolean;
  module_reason: string;
  nouveau_loaded: boolean;
  nvidia_loaded: boolean;
  /** Whether the set-up asked for a reboot, since the driver did not load without one. */
  reboot_requested: boolean;
  /** The first `docker pull`: until all layers were downloaded, and from then until all were unpacked. */
  pull_seconds: number | null;
  unpack_seconds: number | null;
  /** Files of the model that was served last: bytes of the complete ones, number of incomplete ones. */
  complete_bytes: number;
  incomplete_files: number;
}

/** null = vLLM's default. */
export interface ServeJson {
  image: string;
  model: string;
  revision: string | null;
  tensor_parallel_size: number;
  pipeline_parallel_size: number;
  max_model_len: number;
  gpu_memory_utilization: number;
  dtype: string;
  quantization: string | null;
  attention_backend: string | null;
  kv_cache_dtype: string | null;
  enforce_eager: boolean;
  max_num_seqs: number | null;
  trust_remote_code: boolean;
  stream_interval: number | null;
  /** Download without Xet, whose transfers can freeze. Omitted if false, since agents of version 0.1 reject it. */
  disable_xet?: true;
  /** Exchange data between GPUs through host memory: no peer-to-peer access, no custom all-reduce of vLLM's. */
  disable_p2p?: true;
}

export interface ServerStatusJson {
  state: "absent" | "downloading" | "starting" | "running" | "exited";
  exit_code: number | null;
  downloaded_bytes: number;
  total_bytes: number | null;
  image_digest: string | null;
  revision: string | null;
  log_bytes: number;
}

/** null = not reported by nvidia-smi. */
export interface GpuSampleJson {
  clock_mhz: number | null;
  power_w: number | null;
  temperature_c: number | null;
  /** nvidia-smi's names of the active slowdown reasons, except idling and power management at rest. */
  throttle: string[] | null;
}
