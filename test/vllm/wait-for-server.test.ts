import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MachineError } from "../../src/machine/machine.ts";
import { decodeLogPart } from "../../src/machine/remote-text.ts";
import type { ServerFailure, ServerProgress, ServerReady } from "../../src/vllm/server-start.ts";
import { waitForServer } from "../../src/vllm/wait-for-server.ts";
import { jumpingClock, type Script, scriptedMachine } from "../machine/machine-stand-in.ts";

const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct";
const log = readFileSync(
  new URL("../../fixtures/vllm/startup_compiled.txt", import.meta.url),
  "utf8",
);
const failure = readFileSync(
  new URL("../../fixtures/vllm/boot_fail_kv_too_small.txt", import.meta.url),
  "utf8",
);

const healthy = (request: string): { status: number; body: string } => {
  switch (request) {
    case "GET /health":
      return { status: 200, body: "" };
    case "GET /v1/models":
      return {
        status: 200,
        body: JSON.stringify({ data: [{ id: MODEL, max_model_len: 32_768 }] }),
      };
    case "GET /version":
      return { status: 200, body: '{"version":"0.27.1"}' };
    default:
      return { status: 200, body: '{"choices":[{}]}' };
  }
};

async function wait(script: Script): Promise<{
  outcome: ServerReady | ServerFailure;
  progress: ServerProgress[];
  read: string;
  asked: string[];
}> {
  const progress: ServerProgress[] = [];
  let read = "";
  const machine = scriptedMachine(script);
  const outcome = await waitForServer(
    machine,
    {
      model: MODEL,
      clock: jumpingClock(),
      ceilingMs: 3_600_000,
      stallMs: 300_000,
      silentMs: 600_000,
      onProgress: (now) => progress.push(now),
      onLog: (text) => {
        read += text;
      },
    },
    new AbortController().signal,
  );
  return { outcome, progress, read, asked: machine.asked };
}

const downloading = (
  bytes: number,
): { state: "downloading"; downloadedBytes: number; totalBytes: number } => ({
  state: "downloading",
  downloadedBytes: bytes,
  totalBytes: 100,
});

describe("waiting for a server", () => {
  // Some of the recorded lines end in carriage returns.
  const asRead = (text: string): string => decodeLogPart(Buffer.from(text));

  it("is ready when health, the model's name and a completion are there, with what it says of itself", async () => {
    const { outcome, progress, read, asked } = await wait({
      server: [
        { state: "starting" },
        downloading(10),
        downloading(60),
        { state: "starting", downloadedBytes: 100, totalBytes: 100 },
        { state: "running", downloadedBytes: 100, totalBytes: 100 },
      ],
      log,
      http: healthy,
    });
    expect(outcome).toMatchObject({
      ready: true,
      vllmVersion: "0.27.1",
      maxModelLen: 32_768,
      imageDigest: "sha256:ab",
      revision: "c0ffee",
      engine: { dtype: "bfloat16", quantization: undefined },
      downloadSeconds: 6,
      seconds: 12,
    });
    expect(progress).toEqual([
      { stage: "load", bytes: 0, totalBytes: undefined },
      { stage: "download", bytes: 10, totalBytes: 100 },
      { stage: "download", bytes: 60, totalBytes: 100 },
      { stage: "load", bytes: 100, totalBytes: 100 },
    ]);
    expect(read).toBe(asRead(log));
    expect(asked).toEqual([
      "GET /health",
      "GET /v1/models",
      "GET /version",
      "POST /v1/chat/completions",
    ]);
  });

  it("is not ready before each of the three answers", async () => {
    const answers = new Map<string, number>();
    const late =
      (path: string, bad: { status: number; body: string } | Error) =>
      (request: string): { status: number; body: string } | Error => {
        const times = answers.get(request) ?? 0;
        answers.set(request, times + 1);
        return request.endsWith(path) && times === 0 ? bad : healthy(request);
      };
    for (const [path, bad] of [
      ["/health", { status: 503, body: "" }],
      ["/v1/models", { status: 200, body: '{"data":[{"id":"other","max_model_len":1}]}' }],
      ["/v1/models", { status: 200, body: "not json" }],
      ["/v1/chat/completions", { status: 500, body: "" }],
      ["/v1/chat/completions", new Error("hung up")],
    ] as const) {
      answers.clear();
      const { outcome } = await wait({ server: [{ state: "running" }], http: late(path, bad) });
      expect(outcome.ready).toBe(true);
      expect(answers.get("GET /health")).toBe(2);
    }
  });

  it("does not wait on when a completion is refused", async () => {
    const { outcome } = await wait({
      server: [{ state: "running" }],
      http: (request) =>
        request.startsWith("POST")
          ? { status: 400, body: '{"error":{"message":"no chat template"}}' }
          : healthy(request),
    });
    expect(outcome).toMatchObject({ ready: false, retry: false });
    expect((outcome as ServerFailure).evidence).toContain("no chat template");
  });

  it("reads the log of a server that ended, and tells the cause and the lines for the plan", async () => {
    const { outcome, read } = await wait({
      server: [{ state: "starting" }, { state: "exited", exitCode: 1 }],
      log: failure,
    });
    expect(outcome).toMatchObject({
      ready: false,
      cause: "the context window does not fit: too little memory for its KV cache",
      remedy:
        "set a shorter window, or use a type with more GPU memory (in the plan: max_model_len: 768)",
      retry: false,
      log: asRead(failure),
    });
    expect(read).toBe(asRead(failure));
  });

  it("offers a retry where the same may work again", async () => {
    const { outcome } = await wait({
      server: [{ state: "exited", exitCode: 1 }],
      log: "ValueError: Free memory on device cuda:0 (1/19 GiB) on startup is less than desired GPU memory utilization (0.9)\n",
    });
    expect(outcome).toMatchObject({ ready: false, retry: true });
  });

  it("notices a download that stalls, by its bytes", async () => {
    const { outcome } = await wait({ server: [downloading(10), downloading(42)] });
    expect(outcome).toMatchObject({
      ready: false,
      cause: "the download has stalled",
      evidence: "42 of 100 bytes, none new for 300 s",
      retry: true,
      retryWith: { disableXet: true },
    });
  });

  it("calls a long load that still logs no stall, and gives up at the ceiling", async () => {
    let shards = 0;
    const { outcome } = await wait({
      server: [downloading(10), { state: "starting" }],
      log: () => "Loading\n".repeat(Math.ceil((shards += 1) / 200)),
    });
    expect(outcome).toMatchObject({
      ready: false,
      cause: "the server was not ready after 60 minutes",
      evidence: expect.stringContaining("Loading") as string,
      retry: false,
    });
  });

  const WAITING =
    "(EngineCore pid=162) INFO 11-24 08:49:05 [shm_broadcast.py:681] No available shared memory broadcast block found in 60 seconds. This typically happens when some processes are hanging or doing some time-consuming work.\n";

  it.each([
    ["says nothing", ""],
    ["only says that one process waits for another", WAITING],
  ])("calls a start hung whose log %s for ten minutes", async (_, every) => {
    let looks = 0;
    const { outcome } = await wait({
      server: [downloading(10), { state: "starting" }],
      log: () => `NCCL version 2.27.3\n${every.repeat(Math.floor((looks += 1) / 20))}`,
    });
    expect(outcome).toMatchObject({
      ready: false,
      cause: "the start hangs: no new log line for 10 minutes",
      evidence: "NCCL version 2.27.3",
      retry: false,
      retryWith: { disableP2p: true },
    });
  });

  it("calls a silent download no hung start", async () => {
    let bytes = 0;
    const { outcome } = await wait({
      server: [
        ...Array.from({ length: 1_000 }, () => downloading((bytes += 1))),
        { state: "running" },
      ],
      http: healthy,
    });
    expect(outcome.ready).toBe(true);
  });

  it("says with which window the model fits", async () => {
    const { outcome } = await wait({ server: [{ state: "exited", exitCode: 1 }], log: failure });
    expect(outcome).toMatchObject({ retry: false, retryWith: { maxModelLen: 768 } });
  });

  it("says so when there is no server at all", async () => {
    const { outcome } = await wait({ server: [{ state: "absent" }] });
    expect(outcome).toMatchObject({ ready: false, retry: true });
  });

  it("lives through a few looks without an answer, not through many, and not through a lost link", async () => {
    const slow = new MachineError("timeout", "slow");
    const { outcome } = await wait({
      server: [slow, slow, slow, slow, { state: "running" }],
      http: healthy,
    });
    expect(outcome.ready).toBe(true);
    await expect(wait({ server: [slow] })).rejects.toMatchObject({ kind: "timeout" });
    const lost = new MachineError("link_lost", "gone");
    await expect(wait({ server: [lost] })).rejects.toMatchObject({ kind: "link_lost" });
  });
});
