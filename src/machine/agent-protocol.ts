/**
 * What our script on the VM (`AGENT_PATH`, placed by the user-data) reads and prints. One command a verb, all fixed
 * texts; whatever varies goes in as JSON on standard input. Exit code 0 = done, 2 = request refused (reason on
 * stderr), 1 = failed (reason on stderr).
 */
export const AGENT_PATH = "/opt/maider-sweep/agent";

/** `<AGENT_PATH> <verb>`. */
export type AgentVerb =
  /** -> SetupStatusJson */
  | "setup-status"
  /** -> FactsJson */
  | "facts"
  /** -> InspectionJson; for the live drill, changes nothing. */
  | "inspect"
  /** stdin: the token, nothing else; empty = wipe. */
  | "secret"
  /** stdin: ServeJson; returns at once. */
  | "serve"
  /** -> ServerStatusJson */
  | "server-status"
  /** stdin: `{"from": byte}` -> the log's bytes from there on, at most 256 KiB */
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
  /** Of the kernel that answers: another one after each boot. */
  boot_id: string;
}

/** null = nvidia-smi does not tell. */
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

/** What the set-up and the downloads have left on the VM; seconds. null = it cannot be told. */
export interface InspectionJson {
  uid: number;
  kernel: string;
  boot_id: string;
  /** `status` of `cloud-init status`, and its errors. */
  cloud_init: string;
  cloud_init_errors: string[];
  /** The package of driver modules built for this kernel; null where no driver of ours is installed. */
  module_package: string | null;
  module_installed: boolean;
  /** Whether `apt-get -s install` accepts the package, and its last line of output. */
  module_installable: boolean;
  module_reason: string;
  nouveau_loaded: boolean;
  nvidia_loaded: boolean;
  /** The set-up has asked for a reboot, because the driver did not load without one. */
  reboot_requested: boolean;
  /** Of the first `docker pull`: until every layer was there, and until every layer was unpacked. */
  pull_seconds: number | null;
  unpack_seconds: number | null;
  /** Files of the model served last: bytes of the complete ones, number of incomplete ones. */
  complete_bytes: number;
  incomplete_files: number;
}

/** Only what differs from vLLM's defaults is sent; null = leave it to vLLM. */
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
  /** Download without Xet, whose transfers can freeze. Left out if false, as agents of version 0.1 do not know it. */
  disable_xet?: true;
  /** Let the GPUs talk through the VM's memory: no peer-to-peer access, no all-reduce kernel of vLLM's own. */
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

/** null = nvidia-smi does not tell. */
export interface GpuSampleJson {
  clock_mhz: number | null;
  power_w: number | null;
  temperature_c: number | null;
  /** nvidia-smi's names of active slowdown reasons, idle and power management left out. */
  throttle: string[] | null;
}
