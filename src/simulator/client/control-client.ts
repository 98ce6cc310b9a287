import type { LinearTime } from "../../support/clock.ts";

/** The clock of a world; `"auto"` until a client has chosen its speed, and 1 until then. */
export interface WorldTime extends Omit<LinearTime, "speed"> {
  readonly speed: number | "auto";
}

/** What ever existed in a world, of all accounts. */
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

/** The control API of a running simulator. Every call throws when it does not answer in time, or not with 200. */
export interface ControlClient {
  world(): Promise<{
    readonly world: string;
    readonly token: string;
    readonly ssh_port: number;
    /** The range from which we reach its VMs. */
    readonly client_cidr: string;
  }>;
  time(): Promise<WorldTime>;
  /** Only before the first VM, and only while the speed is `"auto"`. */
  setSpeed(speed: number): Promise<WorldTime>;
  state(): Promise<WorldState>;
  invoice(): Promise<{
    readonly lines: readonly { readonly label: string; readonly usd: number }[];
  }>;
  /** Replaces all fault scripts. */
  setFaults(scripts: readonly object[]): Promise<void>;
}

const TIMEOUT_MS = 10_000;

/** @param url of the simulator, without a path */
export function controlClient(url: string, timeoutMs = TIMEOUT_MS): ControlClient {
  const send = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(new URL(`/simulator/${path}`, url), {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // A pooled connection of a simulator that has ended would break in another way than a refused one.
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

/** Nothing listens where the world was, or another world does. A silent one may only be busy. */
export async function isWorldGone(url: string, world: string): Promise<boolean> {
  try {
    return (await controlClient(url, 5_000).world()).world !== world;
  } catch (error) {
    const { cause } = error as { readonly cause?: { readonly code?: string } };
    return cause?.code === "ECONNREFUSED";
  }
}
