import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import ssh2 from "ssh2";
import { generateSshKey, type SshKey } from "../../src/machine/keys.ts";
import type { MachineTarget } from "../../src/machine/machine.ts";

export interface Answer {
  readonly stdout?: string | Buffer;
  readonly stderr?: string;
  /** Null = the channel closes without an exit code; undefined = the server never answers. */
  readonly code: number | null | undefined;
}

export interface TestSshServer {
  readonly target: MachineTarget;
  readonly hostKey: SshKey;
  readonly commands: { readonly command: string; readonly stdin: string }[];
  /** Closes all connections. */
  drop(): void;
  close(): Promise<void>;
}

/** An SSH server in the test's process; `direct-tcpip` connects to the port `forward` instead. */
export async function startSshServer(
  answer: (command: string, stdin: string) => Answer,
  options: { readonly forward?: (port: number) => number; readonly admit?: boolean } = {},
): Promise<TestSshServer> {
  const hostKey = generateSshKey("host");
  const clientKey = generateSshKey("client");
  const clients = new Set<ssh2.Connection>();
  const commands: { command: string; stdin: string }[] = [];
  const server = new ssh2.Server({ hostKeys: [hostKey.privateKey] }, (client) => {
    clients.add(client);
    client.on("error", () => undefined);
    client.on("close", () => clients.delete(client));
    client.on("authentication", (context) => {
      const known =
        context.method === "publickey" &&
        context.username === "root" &&
        context.key.data.toString("base64") === clientKey.publicWire;
      if (known && options.admit !== false) context.accept();
      else context.reject(["publickey"]);
    });
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, _reject, info) => {
        const channel = acceptExec();
        let stdin = "";
        channel.on("data", (chunk: Buffer) => {
          stdin += chunk.toString();
        });
        if (info.command === "true") {
          // Output, exit code and end of the channel are sent together.
          commands.push({ command: "true", stdin: "" });
          finish(channel, { code: 0 });
          return;
        }
        channel.on("end", () => {
          commands.push({ command: info.command, stdin });
          finish(channel, answer(info.command, stdin));
        });
        channel.resume();
      });
    });
    client.on("tcpip", (accept, reject, info) => {
      const port = options.forward?.(info.destPort) ?? info.destPort;
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => {
        const channel = accept();
        socket.pipe(channel).pipe(socket);
        channel.on("close", () => socket.destroy());
      });
      socket.on("error", () => reject());
    });
  });
  // ssh2's own listener does not set TCP_NODELAY: every reply would wait 40 ms for an acknowledgement.
  const listener = createServer({ noDelay: true }, (socket) => server.injectSocket(socket));
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  return {
    hostKey,
    target: {
      label: "mds-test",
      host: "127.0.0.1",
      port,
      hostKey: hostKey.publicWire,
      clientKey: clientKey.privateKey,
    },
    commands,
    drop: () => {
      for (const client of clients) client.end();
    },
    close: async () => {
      for (const client of clients) client.end();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function finish(channel: ssh2.ServerChannel, given: Answer): void {
  if (given.code === undefined) return;
  if (given.stderr !== undefined) channel.stderr.write(given.stderr);
  const end = (): void => {
    if (given.code !== null) channel.exit(given.code ?? 0);
    channel.end();
  };
  if (given.stdout === undefined) end();
  else channel.write(given.stdout, end);
}
