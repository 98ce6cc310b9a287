import type { Duplex } from "node:stream";

/** The few things that Node's HTTP server calls on a connection and that an SSH channel has not got. */
export function asSocket(channel: Duplex): Duplex {
  const itself = (): Duplex => channel;
  const port = 30_000 + Math.floor(Math.random() * 30_000);
  return Object.assign(channel, {
    setTimeout: itself,
    setNoDelay: itself,
    setKeepAlive: itself,
    ref: itself,
    unref: itself,
    remoteAddress: "127.0.0.1",
    remotePort: port,
    localAddress: "127.0.0.1",
    localPort: 8000,
  });
}
