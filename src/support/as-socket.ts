import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

const SOCKET_METHODS = ["setKeepAlive", "setNoDelay", "setTimeout", "ref", "unref"] as const;

/**
 * A stream that `node:http` accepts as a socket, on either side of a connection. It calls a few methods that only
 * sockets have; on an SSH channel they do nothing, since its options are those of the SSH connection.
 */
export function asSocket(stream: Duplex): Socket {
  const socket = stream as Socket;
  for (const method of SOCKET_METHODS)
    if (typeof socket[method] !== "function") Object.assign(socket, { [method]: () => socket });
  if (typeof socket.destroySoon !== "function")
    Object.assign(socket, { destroySoon: () => socket.end() });
  return socket;
}
