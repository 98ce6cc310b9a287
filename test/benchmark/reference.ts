import { createHash } from "node:crypto";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { afterEach } from "vitest";
import type { PassRequest } from "../../src/benchmark/benchmark.ts";
import { runPass } from "../../src/benchmark/run-pass.ts";
import type { PassResult } from "../../src/evidence/pass.ts";
import type { ServerUnderTest } from "../../src/vllm/connection.ts";
import type { Suite, Test } from "../../src/evidence/suite.ts";
import { startReferenceServer } from "../support/reference-server.ts";
import type { ReferenceOptions, ReferenceServer } from "../support/reference-server.ts";
import { linearClock, realClock } from "../../src/support/clock.ts";

/** Connection settings for the reference server. */
export function underTest(
  reference: Pick<ReferenceServer, "port" | "model">,
  changes: Partial<ServerUnderTest> = {},
): ServerUnderTest {
  return {
    open: () =>
      new Promise<Socket>((resolve, reject) => {
        const socket = connect(reference.port, "127.0.0.1", () => resolve(socket));
        socket.setNoDelay(true);
        socket.once("error", reject);
      }),
    basePath: "/v1",
    apiKey: undefined,
    model: reference.model,
    maxModelLen: 32_768,
    ...changes,
  };
}

export function prompt(name: string, maxTokens: number, content = `Tell me about ${name}.`): Test {
  const messages = [{ role: "user", content }] as const;
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { name, category: "coding", messages, maxTokens, sha256 };
}

export const smallSuite: Suite = {
  id: "custom-test",
  tests: ["alpha", "beta", "gamma"].map((name) => prompt(name, 30)),
};

export function passRequest(
  server: ServerUnderTest,
  changes: Partial<PassRequest> = {},
): PassRequest {
  return {
    server,
    suite: smallSuite,
    load: [1],
    seed: "seed",
    clock: realClock(),
    sampleGpus: undefined,
    onTest: () => undefined,
    ...changes,
  };
}

/** Ten times as fast as real time, so the measured times are not exact. */
export const fastClock = linearClock({ v0: 1e12, w0: Date.now(), speed: 10 });

const running: ReferenceServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

/** Starts a reference server on the fast clock, which is closed after the test. */
export async function reference(changes: Partial<ReferenceOptions> = {}): Promise<ReferenceServer> {
  const server = await startReferenceServer({
    ttftMs: 60,
    tpotMs: 10,
    clock: fastClock,
    ...changes,
  });
  running.push(server);
  return server;
}

/** Runs a pass on a new reference server. */
export async function passOn(
  changes: Partial<ReferenceOptions> = {},
  request: Partial<PassRequest> = {},
): Promise<PassResult> {
  const server = await reference(changes);
  return runPass(passRequest(underTest(server), { clock: fastClock, ...request }), never);
}

/** The verdict's reasons without those that a busy test machine causes. */
export function faultsOf({ verdict }: PassResult): string[] {
  return verdict.reasons.filter((reason) => !/our own event loop|connection stalled/.test(reason));
}

export const never = new AbortController().signal;
