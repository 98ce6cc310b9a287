import { readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { foldRun } from "../run-state/fold-run.ts";
import { readJournal } from "../journal/journal-file.ts";
import { runFolder } from "../journal/state-folder.ts";
import { OPEN_STAGES, type RentalState } from "../run-state/run-state.ts";
import type { Machine } from "../machine/machine.ts";
import { connectMachine } from "../run/wire.ts";
import { linearClock, sleepReal, type Clock, type LinearTime } from "../support/clock.ts";
import { errorText } from "../support/errors.ts";

/** The one line that the tunnel reads. */
export interface TunnelOrder {
  readonly stateDir: string;
  readonly run: string;
  readonly label: string;
  readonly sshPort: number;
  /** On our loopback. */
  readonly localPort: number;
  readonly time: LinearTime;
}

const LOOK_MS = 2_000;

/**
 * The tunnel of a VM that is up: a port of ours leads to its vLLM for as long as its rental is open. The link is made
 * again when it was lost; connections that come meanwhile are refused.
 */
async function main(): Promise<void> {
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  const order = JSON.parse(readFileSync(0, "utf8")) as TunnelOrder;
  const clock = linearClock(order.time);
  const link = createLink(order, clock);
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    void carry(socket, link);
  });
  try {
    await link.machine();
    await listening(server, order.localPort);
  } catch (error) {
    process.stdout.write(`failed ${errorText(error)}\n`);
    process.exit(1);
  }
  process.stdout.write("ready\n");
  while (isOpen(order)) await sleepReal(LOOK_MS);
  process.exit(0);
}

interface Link {
  /** The one connection; another one once it was lost. */
  machine(): Promise<Machine>;
}

function createLink(order: TunnelOrder, clock: Clock): Link {
  const connector = connectMachine(clock);
  const folder = runFolder(order.stateDir, order.run);
  const clientKey = readFileSync(join(folder, `${order.label}.key`), "utf8");
  let current: Promise<Machine> | undefined;
  const connect = async (): Promise<Machine> => {
    const rental = rentalOf(order);
    if (rental?.ipv4 === undefined) throw new Error(`${order.label} has no address`);
    const { label, ipv4: host, hostKey } = rental;
    const target = { label, host, port: order.sshPort, hostKey, clientKey };
    const machine = await (await connector).connect(target, new AbortController().signal);
    void machine.lost.then(() => {
      current = undefined;
    });
    return machine;
  };
  return {
    machine: () => {
      current ??= connect().catch((error: unknown) => {
        current = undefined;
        throw error;
      });
      return current;
    },
  };
}

/** Client and server, until either of them is done. */
async function carry(socket: Socket, link: Link): Promise<void> {
  socket.on("error", () => undefined);
  try {
    const machine = await link.machine();
    const channel = await machine.openChannel(new AbortController().signal);
    channel.on("error", () => socket.destroy());
    channel.on("close", () => socket.destroy());
    socket.on("close", () => channel.destroy());
    socket.pipe(channel).pipe(socket);
  } catch {
    socket.destroy();
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}

function rentalOf({ stateDir, run, label }: TunnelOrder): RentalState | undefined {
  return foldRun(readJournal(runFolder(stateDir, run)).events).rentals.get(label);
}

function isOpen(order: TunnelOrder): boolean {
  const rental = rentalOf(order);
  return rental !== undefined && OPEN_STAGES.has(rental.stage) && rental.stage !== "destroying";
}

await main();
