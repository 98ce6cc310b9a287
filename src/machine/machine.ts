import type { Duplex } from "node:stream";

/** Opens SSH connections to VMs whose host keys we generated before creating them. */
export interface MachineConnector {
  /** Makes one attempt. @throws MachineError */
  connect(target: MachineTarget, signal: AbortSignal): Promise<Machine>;
}

export interface MachineTarget {
  readonly label: string;
  readonly host: string;
  readonly port: number;
  /** OpenSSH wire form of the pinned ed25519 key, base64. */
  readonly hostKey: string;
  /** OpenSSH private key, PEM. */
  readonly clientKey: string;
}

/** A VM that we are logged in to. Once the connection is lost, every call throws a `MachineError` of kind `link_lost`. */
export interface Machine {
  /** Resolves when the connection is lost; never after `close`. */
  readonly lost: Promise<MachineError>;
  setupStatus(signal: AbortSignal): Promise<SetupStatus>;
  facts(signal: AbortSignal): Promise<MachineFacts>;
  /** Reads the state of the VM after the set-up and the downloads. */
  inspect(signal: AbortSignal): Promise<Inspection>;
  /** Stores the Hugging Face token in a file in memory that only root can read; `undefined` deletes it. */
  setSecret(token: string | undefined, signal: AbortSignal): Promise<void>;
  /** Starts vLLM without waiting until it is ready. Stops a server that is already running. */
  serve(request: ServeRequest, signal: AbortSignal): Promise<void>;
  serverStatus(signal: AbortSignal): Promise<ServerStatus>;
  /** Reads a part of the server's log from a byte offset on; the next offset is this plus the text's UTF-8 length. */
  serverLog(fromByte: number, signal: AbortSignal): Promise<string>;
  stopServer(signal: AbortSignal): Promise<void>;
  /** Reads the GPUs' current clocks, power, temperature and throttling. */
  sampleGpus(signal: AbortSignal): Promise<readonly GpuSample[]>;
  /** Opens a new channel to vLLM's port on the VM's loopback interface. */
  openChannel(signal: AbortSignal): Promise<Duplex>;
  close(): Promise<void>;
}

export interface SetupStatus {
  readonly state: "waiting" | "running" | "done" | "failed";
  /** `packages`, `driver`, `docker`, `image` ... */
  readonly stage: string;
  /** Number of the stage, from 1 to `stages`. */
  readonly index: number;
  readonly stages: number;
  /** Whether the set-up waits for a reboot through the API. */
  readonly rebootNeeded: boolean;
  readonly reason: string | undefined;
  /** Changes with each boot of the VM. */
  readonly bootId: string;
}

/** Fields that may be undefined are not reported by every nvidia-smi. */
export interface MachineFacts {
  readonly gpus: readonly {
    readonly name: string;
    readonly memoryMib: number | undefined;
    readonly driver: string;
    readonly computeCapability: string;
    readonly powerLimitW: number | undefined;
    readonly maxClockMhz: number | undefined;
  }[];
  readonly cuda: string;
  readonly cpu: string;
  readonly vcpus: number;
  readonly ramMib: number;
  readonly kernel: string;
  readonly os: string;
}

/** The facts that the live drill compares with the assumptions of the set-up. Undefined = unknown. */
export interface Inspection {
  readonly uid: number;
  readonly kernel: string;
  readonly bootId: string;
  /** `done`, `running`, `error` ... */
  readonly cloudInit: string;
  readonly cloudInitErrors: readonly string[];
  /** Package with the driver modules for this kernel; undefined if our driver is not installed. */
  readonly modulePackage: string | undefined;
  readonly moduleInstalled: boolean;
  /** Whether a simulated installation accepts the package, and its last line of output. */
  readonly moduleInstallable: boolean;
  readonly moduleReason: string;
  readonly nouveauLoaded: boolean;
  readonly nvidiaLoaded: boolean;
  /** Whether the set-up asked for a reboot, since the driver did not load without one. */
  readonly rebootRequested: boolean;
  /** The first pull of the image: until all layers were downloaded, and from then until all were unpacked. */
  readonly pullSeconds: number | undefined;
  readonly unpackSeconds: number | undefined;
  /** Files of the model that was served last: bytes of the complete ones, number of incomplete ones. */
  readonly completeBytes: number;
  readonly incompleteFiles: number;
}

/** How to start vLLM. The script on the VM turns it into an argument list, never into a shell command. */
export interface ServeRequest {
  readonly image: string;
  readonly model: string;
  readonly revision: string | undefined;
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  readonly maxModelLen: number;
  readonly gpuMemoryUtilization: number;
  readonly dtype: string;
  readonly quantization: string | undefined;
  readonly attentionBackend: string | undefined;
  readonly kvCacheDtype: string | undefined;
  readonly enforceEager: boolean;
  readonly maxNumSeqs: number | undefined;
  readonly trustRemoteCode: boolean;
  /** Tokens per server-sent event; undefined = vLLM's default of 1. */
  readonly streamInterval: number | undefined;
  /** Download without Xet, whose transfers can freeze. */
  readonly disableXet: boolean;
  /** Exchange data between GPUs through host memory: no peer-to-peer access, no custom all-reduce of vLLM's. */
  readonly disableP2p: boolean;
}

/** The settings that are changed when a failed start is retried. */
export type ServeChange = Partial<Pick<ServeRequest, "disableXet" | "disableP2p" | "maxModelLen">>;

export interface ServerStatus {
  readonly state: "absent" | "downloading" | "starting" | "running" | "exited";
  readonly exitCode: number | undefined;
  readonly downloadedBytes: number;
  /** Undefined until the Hub has sent the model's size. */
  readonly totalBytes: number | undefined;
  readonly imageDigest: string | undefined;
  /** Commit of the model repository. */
  readonly revision: string | undefined;
  readonly logBytes: number;
}

/** Fields are undefined if nvidia-smi does not report them. */
export interface GpuSample {
  readonly clockMhz: number | undefined;
  readonly powerW: number | undefined;
  readonly temperatureC: number | undefined;
  /** Slowdown reasons except idling and power management at rest; empty = not throttled. */
  readonly throttle: readonly string[] | undefined;
}

export type MachineErrorKind =
  /** The port is closed, or the address does not answer. */
  | "unreachable"
  /** The server's host key is not the pinned one; nothing was sent. */
  | "host_key"
  | "authentication"
  | "link_lost"
  /** A remote command exited with a code other than 0. */
  | "command"
  | "timeout";

export class MachineError extends Error {
  readonly kind: MachineErrorKind;
  readonly exitCode: number | undefined;

  constructor(kind: MachineErrorKind, message: string, exitCode?: number) {
    super(message);
    this.name = "MachineError";
    this.kind = kind;
    this.exitCode = exitCode;
  }
}
