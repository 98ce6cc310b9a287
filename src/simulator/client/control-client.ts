import type { LinearTime } from "../../support/clock.ts";

/** The clock of a world. With `"auto"` it runs at real speed until a client sets the speed. */
export interface WorldTime extends Omit<LinearTime, "speed"> {
  readonly speed: number | "auto";
}

/** All VMs and firewalls that ever existed in a world, of all accounts. */
export interface WorldState {
  readonly now: string;
  readonly vms: readonly WorldObject[];
  readonly firewalls: readonly WorldObject[];
}

interface WorldObject {
  readonly id: number;
  readonly label: string;
  readonly deleted: string | null;
}

/** The control API of a running simulator. Every method throws on a timeout or a status other than 2xx. */
export interface ControlClient {
  world(): Promise<{
    readonly world: string;
    readonly token: string;
    readonly ssh_port: number;
    /** The range from which we reach its VMs. */
    readonly client_cidr: string;
  }>;
  time(): Promise<WorldTime>;
  /** Permitted only before the first VM is created, while the speed is `"auto"`. */
  setSpeed(speed: number): Promise<WorldTime>;
  state(): Promise<WorldState>;
  invoice(): Promise<{
    readonly lines: readonly { readonly label: string; readonly usd: number }[];
  }>;
  /** Replaces all faults. */
  setFaults(scripts: readonly object[]): Promise<void>;
}

const TIMEOUT_MS = 10_000;

/** @param url address of the simulator, without a path */
export function controlClient(url: string, timeoutMs = TIMEOUT_MS): ControlClient {
  const send = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(new URL(`/simulator/${path}`, url), {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // Reusing a connection to a simulator that has ended would not fail with ECONNREFUSED.
      headers: { "content-type": "application/json", connection: "close" },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok)
      throw new Error(`it answered ${String(response.status)}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    world: () => send("GET", "world"),
    time: () => send("GET", "clock"),
    setSpeed: (speed) => send("POST", "clock", { speed }),
    state: () => send("GET", "state"),
    invoice: () => send("GET", "invoice"),
    setFaults: async (scripts) => {
      await send("DELETE", "faults");
      await send("POST", "faults", scripts);
    },
  };
}

/** Whether the world's address is closed or belongs to another world. One that does not answer may just be busy. */
export async function isWorldGone(url: string, world: string): Promise<boolean> {
  try {
    return (await controlClient(url, 5_000).world()).world !== world;
  } catch (error) {
    const { cause } = error as { readonly cause?: { readonly code?: string } };
    return cause?.code === "ECONNREFUSED";
  }
}
