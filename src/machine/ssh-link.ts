import { timingSafeEqual } from "node:crypto";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { NodeSSH } from "node-ssh";
import type { Client, ClientChannel, ConnectConfig } from "ssh2";
import type { Clock } from "../support/clock.ts";
import { errorText } from "../support/errors.ts";
import { MachineError, type MachineTarget } from "./machine.ts";
import { plainText } from "./remote-text.ts";
import { readOutput, type OutputOptions } from "./ssh-output.ts";
import { withTimeout } from "./with-timeout.ts";

/** An authenticated SSH connection. */
export interface SshLink {
  /** Resolves when the connection is lost; never after `close`. */
  readonly lost: Promise<MachineError>;
  /** Runs a command. @returns its stdout. @throws MachineError, also if it exits with a code other than 0 */
  run(command: string, options: RunOptions, signal: AbortSignal): Promise<Buffer>;
  /** Opens a channel to a port of the VM's loopback interface. @throws MachineError of kind `unreachable` if the port is closed */
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
const CLOSE_MS = 2_000;

/** Host keys are ed25519, since we generate them; SHA-1 and CBC are excluded. */
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

/** Makes one attempt to log in as root. @throws MachineError, or the signal's reason */
export async function connectSsh(
  target: MachineTarget,
  clock: Clock,
  signal: AbortSignal,
): Promise<SshLink> {
  const pin = Buffer.from(target.hostKey, "base64");
  let isWrongKey = false;
  // We own the socket, since ssh2's `destroy` has no effect after `end`: a frozen peer would keep it open forever.
  const socket = new Socket();
  const ssh = new NodeSSH();
  const connecting = ssh.connect({
    sock: socket,
    username: "root",
    privateKey: target.clientKey,
    // Must return a boolean synchronously: ssh2 accepts the key for any result but `false`, even for a promise.
    hostVerifier: (key: Buffer): boolean => {
      const matches = key.length === pin.length && timingSafeEqual(key, pin);
      isWrongKey ||= !matches;
      return matches;
    },
    algorithms: ALGORITHMS,
    authHandler: ["publickey"],
    readyTimeout: 0,
    keepaliveInterval: clock.ceiling(KEEPALIVE_MS),
    keepaliveCountMax: 3,
  });
  const client = ssh.connection;
  // node-ssh removes its own error listener once connected; a later error would then crash the process.
  client?.on("error", () => undefined);
  socket.setNoDelay(true);
  socket.connect({ host: target.host, port: target.port });
  const limits = { ceilingMs: clock.ceiling(CONNECT_MS), signal, what: `SSH to ${target.label}` };
  await withTimeout(
    connecting.catch((error: unknown) => {
      throw isWrongKey ? wrongKey(target) : asConnectError(error, target);
    }),
    limits,
    () => socket.destroy(),
  );
  if (client === null)
    throw new MachineError("unreachable", `SSH to ${target.label}: no connection`);
  const link = linkOver(client, socket, target.label, clock);
  try {
    // OpenSSH before 10.1 sets TCP_NODELAY only once a session has run a command (session.c, do_exec_no_pty). Without
    // it, a tunnel delivers tokens in bursts, one per round trip.
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

  /** Opens a channel and calls `work` with it, within the limits. After a timeout, a channel that opens late is closed. */
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
        // Synchronously: the end of the output may be in the same packet, and its events would be missed.
        else resolve(work(channel));
      };
      // ssh2 throws synchronously if its socket is no longer writable.
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
        (channel) => readOutput(channel, { ...options, what: `${label}: ${command}` }, linkLost),
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
      const timer = setTimeout(() => socket.destroy(), CLOSE_MS);
      client.end();
      await closed;
      clearTimeout(timer);
    },
  };
}

function wrongKey(target: MachineTarget): MachineError {
  return new MachineError(
    "host_key",
    `${target.label}: the server at ${target.host} has another host key than the VM was given`,
  );
}

function asConnectError(error: unknown, target: MachineTarget): MachineError {
  const message = `${target.label}: ${plainText(errorText(error), 200)}`;
  const level = (error as { readonly level?: unknown }).level;
  if (level === "client-authentication") return new MachineError("authentication", message);
  // The server has no ed25519 key at all, so it does not have ours.
  if (level === "handshake" && message.includes("host key"))
    return new MachineError("host_key", message);
  return new MachineError("unreachable", message);
}

/** Distinguishes a refusal by the server, which has a reason code (RFC 4254, 5.1), from a lost connection. */
function isRefusal(error: Error): boolean {
  return typeof (error as { readonly reason?: unknown }).reason === "number";
}

function refusal(label: string, what: string, error: Error): MachineError {
  return new MachineError("unreachable", `${label}: ${what}: ${plainText(error.message, 200)}`);
}
