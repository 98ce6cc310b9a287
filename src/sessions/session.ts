/** A VM that is up, as `up` or the Python tool describes it in a session's folder. */
export interface Session {
  /** Also the name of the session's folder. */
  readonly name: string;
  /** The provider's id of the VM. */
  readonly instanceId: string;
  readonly ip: string;
  /** GPU type, for example `g1-gpu-rtx6000-1`. */
  readonly type: string;
  /** US dollars per hour. */
  readonly hourlyCost: number;
  /** Seconds since the epoch. */
  readonly startTime: number;
  readonly modelId: string;
  readonly servedModelName: string;
  readonly provider: string;
  /** For example `http://localhost:3000/v1`; undefined if `aider-env` does not set it. */
  readonly apiBase: string | undefined;
  readonly apiKey: string | undefined;
  /** Undefined for a VM of the Python tool. */
  readonly rental: SessionRental | undefined;
}

/** Identifies a rental: its journal has the address, host key and price; its run's folder has `<label>.key`. */
export interface SessionRental {
  readonly stateDir: string;
  readonly run: string;
  readonly label: string;
}

/** A session that was read from disk. */
export interface LocatedSession extends Session {
  readonly folder: string;
  /** Whether its VM is in a simulated cloud. */
  readonly simulated: boolean;
}
