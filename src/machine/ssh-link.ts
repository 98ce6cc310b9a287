import { timingSafeEqual } from "node:crypto";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { NodeSSH } from "node-ssh";
import type { Client, ClientChannel, ConnectConfig } from "ssh2";
import type { Clock } from "../support/clock.ts";
import { errorText } from "../support/errors.ts";
import { MachineError, type MachineTarget } from "./machine.ts";
import { plainText } from "./remote-text.ts";
import { outputOf, type OutputOptions } from "./ssh-output.ts";
import { withTimeout } from "./with-timeout.ts";

/** One authenticated connection: commands and channels over it, and the news of its end. */
export interface SshLink {
  readonly lost: Promise<MachineError>;
  /** Standard output of a command that ended with 0. @throws MachineError */
  run(command: string, options: RunOptions, signal: AbortSignal): Promise<Buffer>;
  /** @throws MachineError; kind `unreachable` when nobody listens there */
  open(port: number, signal: AbortSignal): Promise<Duplex>;
  close(): Promise<void>;
}

export interface RunOptions extends OutputOptions {
  /** Virtual milliseconds. */
  readonly ceilingMs?: number;
}

const CONNECT_MS = 15_000;
const COMMAND_MS = 30_000;
const CHANNEL_MS = 10_000;
const KEEPALIVE_MS = 5_000;
const FAREWELL_MS = 2_000;

/** ed25519 only, for that is what we gave the VM; no SHA-1 and no CBC. */
const ALGORITHMS: NonNullable<ConnectConfig["algorithms"]> = {
  serverHostKey: ["ssh-ed25519"],
  kex: [
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group16-sha512",
  ],
  cipher: [
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
  ],
  hmac: [
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
  ],
};

/** One attempt to log in as root. @throws MachineError, or the signal's reason */
export async function connectSsh(
  target: MachineTarget,
  clock: Clock,
  signal: AbortSignal,
): Promise<SshLink> {
  const pin = Buffer.from(target.hostKey, "base64");
  let refused = false;
  // A socket of our own: ssh2's `destroy` does nothing once `end` was called, and a frozen peer would hold it for ever.
  const socket = new Socket();
  const ssh = new NodeSSH();
  const connecting = ssh.connect({
    sock: socket,
    username: "root",
    privateKey: target.clientKey,
    // Synchronous and strictly boolean: ssh2 takes whatever is not `false`, a promise too, for a yes.
    hostVerifier: (key: Buffer): boolean => {
      const ours = key.length === pin.length && timingSafeEqual(key, pin);
      refused ||= !ours;
      return ours;
    },
    algorithms: ALGORITHMS,
    authHandler: ["publickey"],
    readyTimeout: 0,
    keepaliveInterval: clock.ceiling(KEEPALIVE_MS),
    keepaliveCountMax: 3,
  });
  const client = ssh.connection;
  // node-ssh takes its own listener off once it is ready; an error after that would end the process.
  client?.on("error", () => undefined);
  socket.setNoDelay(true);
  socket.connect({ host: target.host, port: target.port });
  const limits = { ceilingMs: clock.ceiling(CONNECT_MS), signal, what: `SSH to ${target.label}` };
  await withTimeout(
    connecting.catch((error: unknown) => {
      throw refused ? wrongKey(target) : asConnectError(error, target);
    }),
    limits,
    () => socket.destroy(),
  );
  if (client === null)
    throw new MachineError("unreachable", `SSH to ${target.label}: no connection`);
  const link = linkOver(client, socket, target.label, clock);
  try {
    // OpenSSH before 10.1 turns Nagle off only when a session runs a command (session.c, do_exec_no_pty); without it a
    // tunnel delivers tokens in bursts of one round trip.
    await link.run("true", {}, signal);
  } catch (error) {
    await link.close();
    throw error;
  }
  return link;
}

function linkOver(client: Client, socket: Socket, label: string, clock: Clock): SshLink {
  let closing = false;
  let reason = "the connection was closed";
  const linkLost = (): MachineError =>
    new MachineError("link_lost", `${label}: SSH lost, ${reason}`);
  const ended = new AbortController();
  const lost = new Promise<MachineError>((resolve) => {
    ended.signal.addEventListener("abort", () => resolve(ended.signal.reason as MachineError));
  });
  const end = (): void => {
    if (!closing) ended.abort(linkLost());
  };
  client.on("error", (error) => {
    reason = plainText(error.message, 200);
    socket.destroy();
    end();
  });
  client.on("close", end);
  if (socket.destroyed) end();

  /** Opens a channel and works on it, bounded; a channel that was given up is closed, however late it comes. */
  const onChannel = async <C extends ClientChannel, T>(
    open: (done: (error: Error | undefined, channel: C) => void) => void,
    work: (channel: C) => T | Promise<T>,
    limits: { readonly what: string; readonly ceilingMs: number; readonly signal: AbortSignal },
  ): Promise<T> => {
    limits.signal.throwIfAborted();
    if (socket.destroyed || closing) throw linkLost();
    let abandoned = false;
    let opened: C | undefined;
    const outcome = new Promise<T>((resolve, reject) => {
      const done = (error: Error | undefined, channel: C): void => {
        if (error !== undefined) {
          reject(isRefusal(error) ? refusal(label, limits.what, error) : linkLost());
          return;
        }
        opened = channel;
        if (abandoned) channel.close();
        // At once: the answer's end may stand in the same packet, and its events do not wait for a listener.
        else resolve(work(channel));
      };
      // ssh2 throws at once when its socket is no longer writable.
      try {
        open(done);
      } catch {
        reject(linkLost());
      }
    });
    const what = `${label}: ${limits.what}`;
    return withTimeout(outcome, { ...limits, what, lost: ended.signal }, () => {
      abandoned = true;
      opened?.close();
    });
  };

  return {
    lost,
    run: (command, options, signal) =>
      onChannel(
        (done) => client.exec(command, done),
        (channel) => outputOf(channel, { ...options, what: `${label}: ${command}` }, linkLost),
        { what: command, ceilingMs: clock.ceiling(options.ceilingMs ?? COMMAND_MS), signal },
      ),
    open: (port, signal) =>
      onChannel<ClientChannel, Duplex>(
        (done) => client.forwardOut("127.0.0.1", 0, "127.0.0.1", port, done),
        (channel) => channel,
        { what: `port ${String(port)}`, ceilingMs: clock.ceiling(CHANNEL_MS), signal },
      ),
    close: async () => {
      if (closing) return;
      closing = true;
      if (socket.destroyed) return;
      const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
      const patience = setTimeout(() => socket.destroy(), FAREWELL_MS);
      client.end();
      await closed;
      clearTimeout(patience);
    },
  };
}

function wrongKey(target: MachineTarget): MachineError {
  return new MachineError(
    "host_key",
    `${target.label}: another host key than the one that we gave it answers at ${target.host}`,
  );
}

function asConnectError(error: unknown, target: MachineTarget): MachineError {
  const said = `${target.label}: ${plainText(errorText(error), 200)}`;
  const level = (error as { readonly level?: unknown }).level;
  if (level === "client-authentication") return new MachineError("authentication", said);
  // The server has no ed25519 key at all, so not ours.
  if (level === "handshake" && said.includes("host key")) return new MachineError("host_key", said);
  return new MachineError("unreachable", said);
}

/** Only a refusal by a living peer has a reason code (RFC 4254, 5.1). */
function isRefusal(error: Error): boolean {
  return typeof (error as { readonly reason?: unknown }).reason === "number";
}

function refusal(label: string, what: string, error: Error): MachineError {
  return new MachineError("unreachable", `${label}: ${what}: ${plainText(error.message, 200)}`);
}
