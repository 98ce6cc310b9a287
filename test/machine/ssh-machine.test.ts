import { afterEach, describe, expect, it } from "vitest";
import type { Machine, ServeRequest } from "../../src/machine/machine.ts";
import { createSshConnector } from "../../src/machine/ssh-machine.ts";
import { realClock } from "../../src/support/clock.ts";
import { type Answer, startSshServer, type TestSshServer } from "./ssh-server.ts";

const never = new AbortController().signal;
const request: ServeRequest = {
  image: "vllm/vllm-openai:v0.27.1",
  model: "Qwen/Qwen2.5-Coder-7B-Instruct",
  revision: undefined,
  tensorParallel: 2,
  pipelineParallel: 1,
  maxModelLen: 32_768,
  gpuMemoryUtilization: 0.9,
  dtype: "auto",
  quantization: undefined,
  attentionBackend: "TRITON_ATTN",
  kvCacheDtype: undefined,
  enforceEager: false,
  maxNumSeqs: undefined,
  trustRemoteCode: false,
  streamInterval: 4,
  disableXet: false,
  disableP2p: false,
};

let server: TestSshServer;
let machine: Machine;
afterEach(async () => {
  await machine.close();
  await server.close();
});

async function on(answer: Record<string, unknown> | ((verb: string) => Answer)): Promise<Machine> {
  server = await startSshServer((command) => {
    const verb = command.replace("/opt/maider-sweep/agent ", "");
    if (typeof answer === "function") return answer(verb);
    return verb in answer
      ? { code: 0, stdout: JSON.stringify(answer[verb]) }
      : { code: 2, stderr: "refused" };
  });
  machine = await createSshConnector({ clock: realClock() }).connect(server.target, never);
  return machine;
}
const sent = () => server.commands.at(-1);

describe("a machine over SSH", () => {
  it("reads the set-up's state", async () => {
    const json = { state: "running", stage: "driver", index: 3, stages: 5 };
    const boot_id = "8f1c2d3e-0000-4000-8000-000000000001";
    await on({ "setup-status": { ...json, reboot_needed: true, reason: null, boot_id } });
    expect(await machine.setupStatus(never)).toEqual({
      ...json,
      rebootNeeded: true,
      reason: undefined,
      bootId: boot_id,
    });
  });

  it("reads the machine's facts", async () => {
    const gpu = { name: "RTX", driver: "580", compute_capability: "8.9", memory_mib: 20_475 };
    const json = { cuda: "13.0", cpu: "AMD", vcpus: 4, kernel: "6.8", os: "Ubuntu 24.04" };
    await on({
      facts: {
        ...json,
        ram_mib: 16_000,
        gpus: [{ ...gpu, power_limit_w: 130, max_clock_mhz: 2_175 }],
      },
    });
    expect(await machine.facts(never)).toEqual({
      ...json,
      ramMib: 16_000,
      gpus: [
        {
          name: "RTX",
          driver: "580",
          computeCapability: "8.9",
          memoryMib: 20_475,
          powerLimitW: 130,
          maxClockMhz: 2_175,
        },
      ],
    });
  });

  it("reads the server's state and the GPUs' samples", async () => {
    await on({
      "server-status": {
        state: "downloading",
        exit_code: null,
        downloaded_bytes: 10,
        total_bytes: null,
        image_digest: "sha256:ab",
        revision: null,
        log_bytes: 5,
      },
      sample: [{ clock_mhz: 2_100, power_w: 120.5, temperature_c: 60, throttle: ["hw_slowdown"] }],
    });
    expect(await machine.serverStatus(never)).toEqual({
      state: "downloading",
      exitCode: undefined,
      downloadedBytes: 10,
      totalBytes: undefined,
      imageDigest: "sha256:ab",
      revision: undefined,
      logBytes: 5,
    });
    expect(await machine.sampleGpus(never)).toEqual([
      { clockMhz: 2_100, powerW: 120.5, temperatureC: 60, throttle: ["hw_slowdown"] },
    ]);
  });

  it("sends a request as JSON on stdin, and nothing of it in the command", async () => {
    await on(() => ({ code: 0 }));
    await machine.serve({ ...request, model: "$(touch canary)" }, never);
    expect(sent()?.command).toBe("/opt/maider-sweep/agent serve");
    expect(JSON.parse(sent()?.stdin ?? "")).toEqual({
      image: "vllm/vllm-openai:v0.27.1",
      model: "$(touch canary)",
      revision: null,
      tensor_parallel_size: 2,
      pipeline_parallel_size: 1,
      max_model_len: 32_768,
      gpu_memory_utilization: 0.9,
      dtype: "auto",
      quantization: null,
      attention_backend: "TRITON_ATTN",
      kv_cache_dtype: null,
      enforce_eager: false,
      max_num_seqs: null,
      trust_remote_code: false,
      stream_interval: 4,
    });
  });

  it("sends the secret on stdin only, and an empty stdin to delete it", async () => {
    await on(() => ({ code: 0 }));
    await machine.setSecret("hf_secret", never);
    expect(sent()).toEqual({ command: "/opt/maider-sweep/agent secret", stdin: "hf_secret" });
    await machine.setSecret(undefined, never);
    expect(sent()).toEqual({ command: "/opt/maider-sweep/agent secret", stdin: "" });
    await machine.stopServer(never);
    expect(sent()?.command).toBe("/opt/maider-sweep/agent stop");
  });

  it("reads the log from a byte offset on", async () => {
    await on(() => ({ code: 0, stdout: "INFO \u001b[1mready\u001b[0m\r\n" }));
    expect(await machine.serverLog(17, never)).toBe("INFO ?[1mready?[0m \n");
    expect(sent()?.stdin).toBe('{"from":17}');
  });

  it.each([
    ["nothing", ""],
    ["no JSON", "Welcome to Ubuntu"],
    [
      "another state",
      '{"state":"odd","stage":"x","index":1,"stages":5,"reboot_needed":false,"reason":null,"boot_id":"b"}',
    ],
    [
      "a missing field",
      '{"state":"done","stage":"x","index":1,"stages":5,"reason":null,"boot_id":"b"}',
    ],
    [
      "a wrong type",
      '{"state":"done","stage":"x","index":"1","stages":5,"reboot_needed":false,"reason":null,"boot_id":"b"}',
    ],
    ["null", "null"],
    ["a list", "[]"],
  ])("rejects %s as a reply", async (_, stdout) => {
    await on(() => ({ code: 0, stdout }));
    await expect(machine.setupStatus(never)).rejects.toMatchObject({
      name: "MachineError",
      kind: "command",
    });
  });

  it("reports a partial reply over a broken connection as a lost connection", async () => {
    await on(() => ({ code: null, stdout: "[]" }));
    await expect(machine.sampleGpus(never)).rejects.toMatchObject({ kind: "link_lost" });
  });

  it("reports the exit code and the reason of a refusal", async () => {
    await on({});
    await expect(machine.serve(request, never)).rejects.toMatchObject({
      kind: "command",
      exitCode: 2,
      message: expect.stringContaining("refused") as string,
    });
  });

  it("dials the address that the address is mapped to", async () => {
    server = await startSshServer(() => ({ code: 0, stdout: "[]" }));
    const { port } = server.target;
    const asked: unknown[] = [];
    machine = await createSshConnector({
      clock: realClock(),
      dial: (host, askedPort) => {
        asked.push([host, askedPort]);
        return { host: "127.0.0.1", port };
      },
    }).connect({ ...server.target, host: "127.64.0.9", port: 2222 }, never);
    expect(asked).toEqual([["127.64.0.9", 2222]]);
    expect(await machine.sampleGpus(never)).toEqual([]);
  });
});
