import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { realClock } from "../../src/support/clock.ts";
import { ExitCode } from "../../src/support/errors.ts";
import { UnreachableError } from "../../src/vllm/connection.ts";
import type { Connection } from "../../src/vllm/connection.ts";
import { describeServer } from "../../src/vllm/describe-server.ts";
import { never, underTest } from "../benchmark/reference.ts";
import { startReferenceServer, type ReferenceServer } from "../support/reference-server.ts";

const MODEL = "Qwen/Qwen3-8B";
let server: ReferenceServer;
let connection: Connection;

beforeAll(async () => {
  server = await startReferenceServer({ ttftMs: 1, tpotMs: 1, model: MODEL, maxModelLen: 4_096 });
  connection = underTest(server);
});
afterAll(async () => {
  await server.close();
});

describe("a running server", () => {
  it.each([undefined, MODEL])("is described by what its API says, asked for %s", async (wanted) => {
    const found = await describeServer(connection, wanted, realClock(), never);
    expect(found).toMatchObject({
      modelId: MODEL,
      server: { model: MODEL, maxModelLen: 4_096 },
      vllm: { max_model_len: 4_096, vllm_version: "0.32.0", gpu_memory_utilization: 0.9 },
    });
    expect(found.serverConfig).toContain(String(found.vllm["system_fingerprint"]));
  });

  it("that serves another model is a usage error which names its models", async () => {
    await expect(describeServer(connection, "other", realClock(), never)).rejects.toMatchObject({
      exitCode: ExitCode.usage,
      reason: `it serves ${MODEL}`,
    });
  });

  it("that cannot be reached is an error with the address and the reason", async () => {
    const open = (): Promise<never> =>
      Promise.reject(new UnreachableError("gpu.example:8000", "the connection was refused"));
    const away = describeServer({ ...connection, open }, undefined, realClock(), never);
    await expect(away).rejects.toMatchObject({
      exitCode: ExitCode.provider,
      message: "gpu.example:8000 cannot be reached",
      reason: "the connection was refused",
    });
  });

  it("over a link that is lost throws what the link threw", async () => {
    const lost = new Error("link lost");
    const open = (): Promise<never> => Promise.reject(lost);
    await expect(
      describeServer({ ...connection, open }, undefined, realClock(), never),
    ).rejects.toBe(lost);
  });
});
