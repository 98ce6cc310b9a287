import { createPrivateKey } from "node:crypto";
import type { Measure, Machines, SshKey } from "../../../src/sweep/ports.ts";
import { standardSuite } from "../../../src/evidence/standard-suite.ts";
import type { PassResult, TestResult } from "../../../src/evidence/pass.ts";
import type { Clock } from "../../../src/support/clock.ts";
import { encodeSshKey } from "../../../src/machine/keys.ts";
import { MachineError, type Machine } from "../../../src/machine/machine.ts";
import { createSshMachine } from "../../../src/machine/ssh-machine.ts";
import { buildUserData } from "../../../src/machine/user-data.ts";
import { waitForSetup } from "../../../src/machine/wait-for-setup.ts";
import type { InMemoryMachines } from "../../support/in-memory-machines.ts";
import { createNetwork, type Network } from "../network.ts";

/** PKCS #8 of an ed25519 key, up to its seed (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const keys = new Map<string, SshKey>();
const userData = new Map<string, string>();

/** The same comment gives the same key, so that a schedule gives the same journal each time. */
export function keyOf(comment: string): SshKey {
  const known = keys.get(comment);
  if (known !== undefined) return known;
  const seed = Buffer.alloc(32, comment);
  const der = Buffer.concat([PKCS8, seed]);
  const jwk = createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({
    format: "jwk",
  });
  const key = encodeSshKey(seed, Buffer.from(jwk.x ?? "", "base64url"), comment);
  keys.set(comment, key);
  return key;
}

const POLL_MS = 5_000;

/** The machine room's own code over links that are function calls; only the look at vLLM's port is left out. */
export function memoryMachines(
  world: InMemoryMachines,
  clock: Clock,
  network: Network = createNetwork(),
): Machines {
  return {
    connect: async (target) => {
      const shell = network.isUp ? world.at(target.host, network.address) : undefined;
      if (shell?.vm.label !== target.label)
        throw new MachineError("unreachable", `${target.label}: nobody listens`);
      const lost = new MachineError("link_lost", `${target.label}: SSH lost`);
      const { epoch } = network;
      const isAlive = (): boolean => network.epoch === epoch && shell.alive();
      return createSshMachine({
        // Nobody waits for it here: what is lost shows at the next call.
        lost: new Promise(() => undefined),
        run: async (line, { stdin = "" }) => {
          if (!isAlive()) throw lost;
          const result = await shell.run(line, stdin);
          if (result.code !== 0) throw new MachineError("command", result.stderr, result.code);
          return Buffer.from(result.stdout);
        },
        open: async (port) => {
          if (!isAlive()) throw lost;
          const stream = shell.open(port);
          if (stream === undefined) throw new MachineError("unreachable", "nobody listens");
          return stream;
        },
        close: async () => undefined,
      });
    },
    newKey: (label) => keyOf(label.split("-")[2] ?? "run"),
    userData: (request) => {
      const known = userData.get(request.hostKey.publicWire) ?? buildUserData(request);
      userData.set(request.hostKey.publicWire, known);
      return known;
    },
    waitForSetup,
    waitForServer: async (machine, options, signal) => {
      const end = clock.now() + options.ceilingMs;
      while (clock.now() < end) {
        const status = await machine.serverStatus(signal);
        if (status.state === "running")
          return served(status, clock.now() - end + options.ceilingMs);
        if (status.state === "absent") return failed("there is no server on the machine");
        if (status.state === "exited") return failed(await machine.serverLog(0, signal));
        await clock.sleep(POLL_MS, signal);
      }
      return failed("it was never ready");
    },
  };
}

function served(status: Awaited<ReturnType<Machine["serverStatus"]>>, ms: number) {
  return {
    ready: true,
    vllmVersion: "0.27.1",
    maxModelLen: 16_384,
    imageDigest: status.imageDigest,
    revision: status.revision,
    engine: {
      dtype: undefined,
      quantization: undefined,
      attentionBackend: undefined,
      settings: {},
    },
    downloadSeconds: 1,
    seconds: ms / 1_000,
  } as const;
}

function failed(log: string) {
  const cause = "it exited";
  return {
    ready: false,
    cause,
    evidence: log.slice(-200),
    remedy: "",
    retry: false,
    planLines: [],
    log,
  } as const;
}

const suite = { ...standardSuite(["coding"]), tests: standardSuite(["coding"]).tests.slice(0, 3) };
const PART_MS = 90_000;

/** Passes that last and can be cut, of figures that nobody looks at: here the money is measured. */
export const memoryMeasure: Measure = {
  suiteFor: () => Promise.resolve(suite),
  warmUp: ({ clock }, signal) => clock.sleep(PART_MS, signal),
  runPass: async ({ server, clock, onTest }, signal): Promise<PassResult> => {
    const startedMs = clock.now();
    const tests: TestResult[] = [];
    for (const test of suite.tests) {
      const channel = await server.open(signal);
      channel.destroy();
      await clock.sleep(PART_MS, signal);
      const { name, category, sha256, maxTokens: expectedTokens } = test;
      const result = { name, category, sha256, prompt: name, expectedTokens, outcome: MEASURED };
      tests.push(result);
      onTest(result, tests.length, suite.tests.length);
    }
    (await server.open(signal)).destroy();
    const verdict = { state: "sound" as const, reasons: [] };
    return { tests, verdict, load: [], startedMs, finishedMs: clock.now(), rttS: 0.01 };
  },
};

const MEASURED = {
  kind: "measured",
  metrics: {
    promptTokens: 100,
    completionTokens: 300,
    ttftS: 0.2,
    tpotS: 0.03,
    e2eS: 9.2,
    bodyS: 9.2,
    headersS: 0.1,
    chunks: 300,
    cachedTokens: 0,
    finishReason: "length",
    text: "",
  },
} as const;
