import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface FreezingProxy {
  readonly port: number;
  /** Stops passing bytes without closing any connection, as a lost network does. */
  freeze(): void;
  close(): void;
}

export async function startFreezingProxy(host: string, port: number): Promise<FreezingProxy> {
  const sockets = new Set<Socket>();
  let frozen = false;
  const pass = (from: Socket, to: Socket): void => {
    from.on("data", (chunk) => {
      if (!frozen) to.write(chunk);
    });
    from.on("end", () => {
      if (!frozen) to.end();
    });
    from.on("error", () => to.destroy());
    from.on("close", () => sockets.delete(from));
    sockets.add(from);
  };
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const target = connect(port, host);
    pass(near, target);
    pass(target, near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    freeze: () => {
      frozen = true;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
