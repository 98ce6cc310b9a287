import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Numbers of the messages that are sent unencrypted (RFC 4253, section 12). */
export const SSH_MESSAGE = { keyExchange: 20, newKeys: 21 } as const;

export interface WireTap {
  readonly port: number;
  /** Unencrypted messages of the clients: all up to and including `newKeys`. */
  sent(): readonly number[];
  close(): void;
}

/** Forwards everything, and parses the client's messages until they are encrypted. */
export async function startWireTap(host: string, port: number): Promise<WireTap> {
  const sockets = new Set<Socket>();
  const connections: Buffer[][] = [];
  const server = createServer((near) => {
    const target = connect(port, host);
    const bytes: Buffer[] = [];
    connections.push(bytes);
    near.on("data", (chunk: Buffer) => bytes.push(chunk));
    for (const socket of [near, target]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
    }
    near.pipe(target).pipe(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    sent: () => connections.flatMap((bytes) => clearMessages(Buffer.concat(bytes))),
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** A version line, then packets: length (4 bytes), padding's length (1), the message with its number first. */
function clearMessages(bytes: Buffer): readonly number[] {
  const messages: number[] = [];
  let at = bytes.indexOf("\n") + 1;
  while (at > 0 && at + 6 <= bytes.length && messages.at(-1) !== SSH_MESSAGE.newKeys) {
    messages.push(bytes[at + 5] ?? 0);
    at += 4 + bytes.readUInt32BE(at);
  }
  return messages;
}
