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
import { countableText } from "./remote-text.ts";
import { connectSsh, type RunOptions, type SshLink } from "./ssh-link.ts";

/** vLLM's, on the VM's loopback. */
const SERVER_PORT = 8000;
/** The container is killed and the GPU's memory awaited, 60 s at most. */
const STOP_MS = 150_000;
/** apt-get reads its package lists; a small VM that loads weights takes its time. */
const INSPECT_MS = 120_000;
/** A former server is killed first. */
const SERVE_MS = 90_000;
const LONGEST_LOG = 300 << 10;

export interface SshConnectorOptions {
  readonly clock: Clock;
  /** Where a VM's address is reached instead, on machines that have 127.0.0.1 only. */
  readonly dial?: ((host: string, port: number) => { host: string; port: number }) | undefined;
}

/** Machines over SSH, each with its host key pinned. */
export function createSshConnector(options: SshConnectorOptions): MachineConnector {
  return {
    connect: async (target, signal) => {
      const dialled = options.dial?.(target.host, target.port) ?? {};
      return machineOver(await connectSsh({ ...target, ...dialled }, options.clock, signal));
    },
  };
}

/** The machine at the other end of a link. */
export function machineOver(link: SshLink): Machine {
  // Two fixed words; whatever varies goes in on standard input.
  const ask = (verb: AgentVerb, signal: AbortSignal, options: RunOptions = {}): Promise<Buffer> =>
    link.run(`${AGENT_PATH} ${verb}`, options, signal);
  return {
    lost: link.lost,
    setupStatus: async (signal) => readSetupStatus(await ask("setup-status", signal)),
    facts: async (signal) => readFacts(await ask("facts", signal)),
    inspect: async (signal) =>
      readInspection(await ask("inspect", signal, { ceilingMs: INSPECT_MS })),
    setSecret: async (token, signal) => {
      await ask("secret", signal, { stdin: token ?? "" });
    },
    serve: async (request, signal) => {
      await ask("serve", signal, { stdin: writeServeRequest(request), ceilingMs: SERVE_MS });
    },
    serverStatus: async (signal) => readServerStatus(await ask("server-status", signal)),
    serverLog: async (fromByte, signal) => {
      const stdin = JSON.stringify({ from: fromByte });
      return countableText(await ask("server-log", signal, { stdin, longest: LONGEST_LOG }));
    },
    stopServer: async (signal) => {
      await ask("stop", signal, { ceilingMs: STOP_MS });
    },
    sampleGpus: async (signal) => readSamples(await ask("sample", signal)),
    openChannel: (signal) => link.open(SERVER_PORT, signal),
    close: () => link.close(),
  };
}
