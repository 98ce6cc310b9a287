import { createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import type { Duplex } from "node:stream";
import ssh2, { type AuthContext, type Connection, type ParsedKey, type ServerChannel } from "ssh2";
import { asSocket } from "../../support/as-socket.ts";
import type { FaultyLink } from "../faults/vm-faults.ts";
import type { CommandResult, ReadStdin } from "./vm-commands.ts";

export interface SshServerOptions {
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly hostKey: string;
  /** The current lines of `authorized_keys`. */
  readonly authorizedKeys: () => readonly string[];
  readonly admits: (address: string) => boolean;
  readonly exec: (line: string, readStdin: ReadStdin) => Promise<CommandResult>;
  /** Returns the handler of connections to a loopback port; undefined if the port is closed. */
  readonly forward: (port: number) => ((connection: Duplex) => void) | undefined;
}

/** The SSH server of a VM. */
export interface SshServer extends FaultyLink {
  /** Number of connections that the firewall admits. */
  readonly connections: number;
  /** Stops answering without closing connections; new ones hang. */
  freeze(): void;
  /** Closes all connections, and new ones, until `restore`. */
  cut(): void;
  restore(): void;
  /** Stops answering connections that the firewall no longer admits, like a firewall that drops packets. */
  dropForbidden(): void;
  close(): Promise<void>;
}

const LOOPBACK = new Set(["127.0.0.1", "localhost", "::1"]);

/**
 * Starts a server that admits root with a public key, and forwards to the loopback interface only.
 * @throws Error if the address is in use
 */
export async function startSshServer(options: SshServerOptions): Promise<SshServer> {
  const open = new Map<Socket, string>();
  const silent = new Set<Socket>();
  let state: "up" | "frozen" | "cut" = "up";
  const ssh = new ssh2.Server({ hostKeys: [options.hostKey] }, (client) => {
    serveClient(client, options);
  });
  ssh.on("error", () => undefined);
  const silence = (socket: Socket): void => {
    socket.pause();
    socket.cork();
    silent.add(socket);
  };
  const listener = createServer((socket) => {
    const from = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      open.delete(socket);
      silent.delete(socket);
    });
    if (!options.admits(from)) {
      silence(socket);
      return;
    }
    open.set(socket, from);
    socket.setNoDelay(true);
    if (state === "cut") socket.destroy();
    else if (state === "frozen") silence(socket);
    else ssh.injectSocket(socket);
  });
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(options.port, options.host, () => {
      listener.off("error", reject);
      resolve();
    });
  });
  return {
    get connections() {
      return open.size;
    },
    freeze: () => {
      state = "frozen";
      for (const socket of open.keys()) silence(socket);
    },
    cut: () => {
      if (state === "up") state = "cut";
      for (const socket of open.keys()) socket.destroy();
    },
    restore: () => {
      if (state === "cut") state = "up";
    },
    dropForbidden: () => {
      for (const [socket, from] of open) if (!options.admits(from)) silence(socket);
    },
    close: async () => {
      for (const socket of [...open.keys(), ...silent]) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function serveClient(client: Connection, options: SshServerOptions): void {
  client.on("error", () => {
    client.end();
  });
  client.on("authentication", (context) => {
    if (mayLogIn(context, options.authorizedKeys())) context.accept();
    else context.reject(["publickey"]);
  });
  client.on("ready", () => {
    client.on("session", (accept) => {
      const session = accept();
      session.on("env", (acceptEnv) => (acceptEnv as (() => void) | undefined)?.());
      session.on("pty", (acceptPty) => (acceptPty as (() => void) | undefined)?.());
      session.on("exec", (acceptExec, _reject, info) => {
        const channel = acceptExec();
        channel.on("error", () => undefined);
        void answer(channel, info.command, options);
      });
      session.on("shell", (acceptShell) => {
        const channel = acceptShell();
        channel.on("error", () => undefined);
        channel.write("This VM is simulated: it has no shell.\r\n");
        channel.exit(0);
        channel.end();
      });
    });
    client.on("tcpip", (accept, reject, info) => {
      const take = LOOPBACK.has(info.destIP) ? options.forward(info.destPort) : undefined;
      if (take === undefined) reject();
      else take(asSocket(accept()));
    });
  });
}

async function answer(
  channel: ServerChannel,
  line: string,
  options: SshServerOptions,
): Promise<void> {
  const result = await options.exec(line, () => text(channel));
  channel.write(result.stdout);
  if (result.stderr !== "") channel.stderr.write(result.stderr);
  channel.exit(result.code);
  channel.end();
}

function mayLogIn(context: AuthContext, authorizedKeys: readonly string[]): boolean {
  if (context.method !== "publickey" || context.username !== "root") return false;
  const known = authorizedKeys
    .map((line) => ssh2.utils.parseKey(line))
    .filter((key): key is ParsedKey => !(key instanceof Error))
    .find((key) => key.getPublicSSH().equals(context.key.data));
  if (known === undefined) return false;
  // Without a signature, the client only asks whether this key would be accepted.
  if (context.signature === undefined || context.blob === undefined) return true;
  // Declared as boolean, but ssh2 returns an Error for a malformed signature.
  const verified: unknown = known.verify(context.blob, context.signature, context.hashAlgo);
  return verified === true;
}
