/** A VM that is up, as `up` or the Python tool leaves it in a folder of its own. */
export interface Session {
  /** Also the folder's name. */
  readonly name: string;
  /** The provider's id of the VM; a string in the file. */
  readonly instanceId: string;
  readonly ip: string;
  /** GPU type, `g1-gpu-rtx6000-1`. */
  readonly type: string;
  /** US dollars an hour. */
  readonly hourlyCost: number;
  /** Seconds since the epoch. */
  readonly startTime: number;
  readonly modelId: string;
  readonly servedModelName: string;
  readonly provider: string;
  /** `http://localhost:3000/v1`; undefined when `aider-env` does not say. */
  readonly apiBase: string | undefined;
  readonly apiKey: string | undefined;
  /** Of which rental of ours it is; undefined for a VM of the Python tool. */
  readonly rental: SessionRental | undefined;
}

/** Where the journal of a rental is; from it come address, host key and price, from its folder `<label>.key`. */
export interface SessionRental {
  readonly stateDir: string;
  readonly run: string;
  readonly label: string;
}

/** A session where it was found. */
export interface LocatedSession extends Session {
  readonly folder: string;
  /** Its VM lives in the simulated cloud. */
  readonly simulated: boolean;
}
