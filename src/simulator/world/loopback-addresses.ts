import { createServer, type Server } from "node:net";

/** Loopback addresses of one world, 127.64.x.1 to 127.64.x.253: one for each VM, reused after it is deleted. */
export interface LoopbackAddresses {
  /** @returns undefined if all are in use */
  take(): string | undefined;
  free(address: string): void;
}

/** A subnet 127.64.x that no other world on this machine uses. */
export interface Subnet {
  /** The x of 127.64.x. */
  readonly number: number;
  release(): Promise<void>;
}

const LAST_HOST = 253;
/** The address that marks a subnet as taken; never used for a VM. */
const MARKER_HOST = 254;
const SUBNETS = 256;

export function createLoopbackAddresses(subnet: number): LoopbackAddresses {
  const taken = new Set<string>();
  let last = 0;
  return {
    take() {
      // Round robin, so that an address stays unused as long as possible before another VM gets it.
      for (let step = 1; step <= LAST_HOST; step += 1) {
        const host = ((last + step - 1) % LAST_HOST) + 1;
        const address = `127.64.${subnet}.${host}`;
        if (taken.has(address)) continue;
        taken.add(address);
        last = host;
        return address;
      }
      return undefined;
    },
    free(address) {
      taken.delete(address);
    },
  };
}

/**
 * Reserves the first free subnet from `first` on, by listening on its marker address. The kernel closes the listener
 * when the process ends in any way. @throws Error if no subnet is free, or the port is not permitted
 */
export async function reserveSubnet(port: number, first: number): Promise<Subnet> {
  for (let step = 0; step < SUBNETS; step += 1) {
    const number = (first + step) % SUBNETS;
    const server = await listen(`127.64.${number}.${MARKER_HOST}`, port);
    if (server !== undefined)
      return {
        number,
        release: () =>
          new Promise((resolve) => {
            server.close(() => resolve());
          }),
      };
  }
  throw new Error(`port ${port} is taken on every address of 127.64.0.0/16`);
}

async function listen(host: string, port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}
