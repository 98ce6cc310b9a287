import type { Clock } from "../support/clock.ts";
import { AGENT_PATH, type AgentVerb } from "./agent-protocol.ts";
import {
  readFacts,
  readInspection,
  readSamples,
  readServerStatus,
  readSetupStatus,
  writeServeRequest,
} from "./agent-replies.ts";
import type { Machine, MachineConnector } from "./machine.ts";
import { decodeLogPart } from "./remote-text.ts";
import { connectSsh, type RunOptions, type SshLink } from "./ssh-link.ts";

/** vLLM's port on the VM's loopback interface. */
const SERVER_PORT = 8000;
/** The agent kills the container and waits up to 60 s for the GPU's memory to be released. */
const STOP_MS = 150_000;
/** Reading apt's package lists is slow on a small VM that is loading weights. */
const INSPECT_MS = 120_000;
/** Includes killing a server that is already running. */
const SERVE_MS = 90_000;
const MAX_LOG_BYTES = 300 << 10;

export interface SshConnectorOptions {
  readonly clock: Clock;
  /** Maps a VM's address to the one to dial, on machines where 127.0.0.1 is the only loopback address. */
  readonly dial?: ((host: string, port: number) => { host: string; port: number }) | undefined;
}

/** Connects over SSH, with each VM's host key pinned. */
export function createSshConnector(options: SshConnectorOptions): MachineConnector {
  return {
    connect: async (target, signal) => {
      const dialled = options.dial?.(target.host, target.port) ?? {};
      return createSshMachine(await connectSsh({ ...target, ...dialled }, options.clock, signal));
    },
  };
}

export function createSshMachine(link: SshLink): Machine {
  // The command line is fixed; arguments are passed on stdin.
  const run = (verb: AgentVerb, signal: AbortSignal, options: RunOptions = {}): Promise<Buffer> =>
    link.run(`${AGENT_PATH} ${verb}`, options, signal);
  return {
    lost: link.lost,
    inspect: async (signal) =>
      readInspection(await run("inspect", signal, { ceilingMs: INSPECT_MS })),
    setupStatus: async (signal) => readSetupStatus(await run("setup-status", signal)),
    facts: async (signal) => readFacts(await run("facts", signal)),
    setSecret: async (token, signal) => {
      await run("secret", signal, { stdin: token ?? "" });
    },
    serve: async (request, signal) => {
      await run("serve", signal, { stdin: writeServeRequest(request), ceilingMs: SERVE_MS });
    },
    serverStatus: async (signal) => readServerStatus(await run("server-status", signal)),
    serverLog: async (fromByte, signal) => {
      const stdin = JSON.stringify({ from: fromByte });
      return decodeLogPart(await run("server-log", signal, { stdin, maxBytes: MAX_LOG_BYTES }));
    },
    stopServer: async (signal) => {
      await run("stop", signal, { ceilingMs: STOP_MS });
    },
    sampleGpus: async (signal) => readSamples(await run("sample", signal)),
    openChannel: (signal) => link.open(SERVER_PORT, signal),
    close: () => link.close(),
  };
}
