import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

const SOCKET_METHODS = ["setKeepAlive", "setNoDelay", "setTimeout", "ref", "unref"] as const;

/**
 * Makes a stream, such as an SSH channel, acceptable to `node:http` as a socket. Adds the socket methods that HTTP
 * calls, which do nothing because a channel has no socket options of its own.
 */
export function asSocket(stream: Duplex): Socket {
  const socket = stream as Socket;
  for (const method of SOCKET_METHODS)
    if (typeof socket[method] !== "function") Object.assign(socket, { [method]: () => socket });
  if (typeof socket.destroySoon !== "function")
    Object.assign(socket, { destroySoon: () => socket.end() });
  return socket;
}
