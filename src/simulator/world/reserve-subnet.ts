import { createServer, type Server } from "node:net";

/** A subnet 127.64.x that no other world on this machine uses. */
export interface Subnet {
  /** The x. */
  readonly number: number;
  release(): Promise<void>;
}

/** Kept out of the VMs' addresses. */
const MARK = 254;
const SUBNETS = 256;

/**
 * Takes the first free one, from `first` on. What marks it is a listener on its last address, which the kernel
 * takes away with the process, however that ends. @throws Error when none is free, or the port may not be used.
 */
export async function reserveSubnet(port: number, first: number): Promise<Subnet> {
  for (let step = 0; step < SUBNETS; step += 1) {
    const number = (first + step) % SUBNETS;
    const server = await listen(`127.64.${number}.${MARK}`, port);
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
