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

/** The JSON that the process reads from stdin. */
export interface TunnelRequest {
  readonly stateDir: string;
  readonly run: string;
  readonly label: string;
  readonly sshPort: number;
  /** Port on 127.0.0.1 to listen on. */
  readonly localPort: number;
  readonly time: LinearTime;
}

const POLL_INTERVAL_MS = 2_000;

/**
 * Forwards a local port to the vLLM server of a VM until its rental ends. Reconnects to the VM when the connection is
 * lost; until then, incoming connections are closed.
 */
async function main(): Promise<void> {
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  const request = JSON.parse(readFileSync(0, "utf8")) as TunnelRequest;
  process.title = `maider-sweep tunnel ${request.run}`;
  const clock = linearClock(request.time);
  const link = createLink(request, clock);
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    void forward(socket, link);
  });
  try {
    await link.machine();
    await listen(server, request.localPort);
  } catch (error) {
    process.stdout.write(`failed ${errorText(error)}\n`);
    process.exit(1);
  }
  process.stdout.write("ready\n");
  while (isOpen(request)) await sleepReal(POLL_INTERVAL_MS);
  process.exit(0);
}

interface Link {
  /** Returns the current SSH connection, or opens one. */
  machine(): Promise<Machine>;
}

function createLink(request: TunnelRequest, clock: Clock): Link {
  const connector = connectMachine(clock);
  const folder = runFolder(request.stateDir, request.run);
  const clientKey = readFileSync(join(folder, `${request.label}.key`), "utf8");
  let current: Promise<Machine> | undefined;
  const connect = async (): Promise<Machine> => {
    const rental = findRental(request);
    if (rental?.ipv4 === undefined) throw new Error(`${request.label} has no address`);
    const { label, ipv4: host, hostKey } = rental;
    const target = { label, host, port: request.sshPort, hostKey, clientKey };
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

async function forward(socket: Socket, link: Link): Promise<void> {
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

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}

function findRental({ stateDir, run, label }: TunnelRequest): RentalState | undefined {
  return foldRun(readJournal(runFolder(stateDir, run)).events).rentals.get(label);
}

function isOpen(request: TunnelRequest): boolean {
  const rental = findRental(request);
  return rental !== undefined && OPEN_STAGES.has(rental.stage) && rental.stage !== "destroying";
}

await main();
