import type { Duplex } from "node:stream";

/** Opens the one SSH connection of a VM. The host key is ours, made before the VM was. */
export interface MachineConnector {
  /** One attempt. @throws MachineError */
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

/** A VM that we are logged in to. Every call fails with a `MachineError` of kind `link_lost` once the link is gone. */
export interface Machine {
  /** Resolves when the link is lost; never when `close` was called. */
  readonly lost: Promise<MachineError>;
  setupStatus(signal: AbortSignal): Promise<SetupStatus>;
  facts(signal: AbortSignal): Promise<MachineFacts>;
  /** What the set-up and the downloads have left on the VM. */
  inspect(signal: AbortSignal): Promise<Inspection>;
  /** Puts a secret into a root-only file in memory; `undefined` wipes it. */
  setSecret(token: string | undefined, signal: AbortSignal): Promise<void>;
  /** Starts vLLM; returns at once. Any former server is stopped first. */
  serve(request: ServeRequest, signal: AbortSignal): Promise<void>;
  serverStatus(signal: AbortSignal): Promise<ServerStatus>;
  /** The server's log from a byte on, a part at a time; the text's UTF-8 length is how many bytes were read. */
  serverLog(fromByte: number, signal: AbortSignal): Promise<string>;
  stopServer(signal: AbortSignal): Promise<void>;
  /** What the GPUs do just now. */
  sampleGpus(signal: AbortSignal): Promise<readonly GpuSample[]>;
  /** A fresh channel to vLLM's port on the VM's loopback. */
  openChannel(signal: AbortSignal): Promise<Duplex>;
  close(): Promise<void>;
}

export interface SetupStatus {
  readonly state: "waiting" | "running" | "done" | "failed";
  /** `packages`, `driver`, `docker`, `image` ... */
  readonly stage: string;
  /** From 1 of `stages`. */
  readonly index: number;
  readonly stages: number;
  /** The set-up asks for a reboot through the API. */
  readonly rebootNeeded: boolean;
  readonly reason: string | undefined;
  /** Tells one boot of the VM from the next. */
  readonly bootId: string;
}

export interface MachineFacts {
  readonly gpus: readonly {
    readonly name: string;
    /** Undefined = nvidia-smi does not tell; so are the next two. */
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

/** What the live drill compares with the assumptions of the set-up. Undefined = it cannot be told. */
export interface Inspection {
  readonly uid: number;
  readonly kernel: string;
  readonly bootId: string;
  /** `done`, `running`, `error` ... */
  readonly cloudInit: string;
  readonly cloudInitErrors: readonly string[];
  /** The package of driver modules built for this kernel; undefined where no driver of ours is installed. */
  readonly modulePackage: string | undefined;
  readonly moduleInstalled: boolean;
  /** Whether a simulated installation accepts the package, and its last line of output. */
  readonly moduleInstallable: boolean;
  readonly moduleReason: string;
  readonly nouveauLoaded: boolean;
  readonly nvidiaLoaded: boolean;
  /** The set-up has asked for a reboot, because the driver did not load without one. */
  readonly rebootRequested: boolean;
  /** Of the first pull of the image, from its start: until all layers were there, and from then until they were unpacked. */
  readonly pullSeconds: number | undefined;
  readonly unpackSeconds: number | undefined;
  /** Files of the model served last: bytes of the complete ones, number of incomplete ones. */
  readonly completeBytes: number;
  readonly incompleteFiles: number;
}

/** Everything that reaches the VM; the script there turns it into an argument list, never into a shell line. */
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
  /** Tokens in one server-sent event; undefined = vLLM's default of 1. */
  readonly streamInterval: number | undefined;
  /** Download without Xet, whose transfers can freeze. */
  readonly disableXet: boolean;
  /** Let the GPUs talk through the VM's memory: no peer-to-peer access, no all-reduce kernel of vLLM's own. */
  readonly disableP2p: boolean;
}

/** What another attempt to serve has to request otherwise. */
export type ServeChange = Partial<Pick<ServeRequest, "disableXet" | "disableP2p" | "maxModelLen">>;

export interface ServerStatus {
  readonly state: "absent" | "downloading" | "starting" | "running" | "exited";
  readonly exitCode: number | undefined;
  readonly downloadedBytes: number;
  /** Unknown until the hub told. */
  readonly totalBytes: number | undefined;
  readonly imageDigest: string | undefined;
  /** Commit of the model repository that was loaded. */
  readonly revision: string | undefined;
  readonly logBytes: number;
}

/** Undefined = nvidia-smi does not tell. */
export interface GpuSample {
  readonly clockMhz: number | undefined;
  readonly powerW: number | undefined;
  readonly temperatureC: number | undefined;
  /** Reasons other than idle and power management at rest; empty = not throttled. */
  readonly throttle: readonly string[] | undefined;
}

export type MachineErrorKind =
  /** Nobody listens yet, or the address does not answer. */
  | "unreachable"
  /** Another host key than ours: nothing was sent. */
  | "host_key"
  | "authentication"
  | "link_lost"
  /** A remote command ended with an exit code other than 0. */
  | "command"
  /** A channel or command did not answer in its time. */
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
