import { createHash } from "node:crypto";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { PassRequest } from "../../src/benchmark/benchmark.ts";
import type { ServerUnderTest } from "../../src/vllm/connection.ts";
import type { Suite, Test } from "../../src/evidence/suite.ts";
import type { ReferenceServer } from "../support/reference-server.ts";
import { realClock } from "../../src/support/clock.ts";

/** The reference server as something to be measured. */
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

export const never = new AbortController().signal;
