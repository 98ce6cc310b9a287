import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { release } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ServeJson, ServerStatusJson } from "../../src/machine/agent-protocol.ts";
import {
  type Ended,
  eventually,
  template,
  type ThrowAwayRoot,
  throwAwayRoot,
} from "./throw-away-root.ts";

const request: ServeJson = {
  image: "vllm/vllm-openai:v0.27.1",
  model: "Qwen/Qwen2.5-Coder-7B-Instruct",
  revision: null,
  tensor_parallel_size: 2,
  pipeline_parallel_size: 1,
  max_model_len: 32_768,
  gpu_memory_utilization: 0.9,
  dtype: "auto",
  quantization: null,
  attention_backend: null,
  kv_cache_dtype: null,
  enforce_eager: false,
  max_num_seqs: null,
  trust_remote_code: false,
  stream_interval: null,
};
const CACHE = "var/lib/maider-sweep/huggingface/hub/models--Qwen--Qwen2.5-Coder-7B-Instruct";

let root: ThrowAwayRoot;
let port: number;
const agent = (verb: string, stdin = ""): Promise<Ended> =>
  root.run(["python3", template("agent.py"), verb], stdin);
const serve = (changes: Partial<ServeJson> = {}): Promise<Ended> =>
  agent("serve", JSON.stringify({ ...request, ...changes }));
const json = async <T>(verb: string): Promise<T> => {
  const { code, stdout, stderr } = await agent(verb);
  if (code !== 0) throw new Error(`${verb} ended with ${String(code)}: ${stderr}`);
  return JSON.parse(stdout) as T;
};
const status = (): Promise<ServerStatusJson> => json<ServerStatusJson>("server-status");
const docker = (plan: object): Promise<void> =>
  root.write("stand-ins/docker.json", JSON.stringify(plan));
const runs = async (): Promise<string[][]> =>
  (await root.calls()).filter(([program, verb]) => program === "docker" && verb === "run");

beforeEach(async () => {
  const probe = createTcpServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  ({ port } = probe.address() as AddressInfo);
  probe.close();
  // No hub: the size of a download stays unknown.
  root = await throwAwayRoot({
    MAIDER_SWEEP_PORT: String(port),
    HF_ENDPOINT: "http://127.0.0.1:9",
  });
});
afterEach(async () => {
  await docker({});
  await agent("stop");
  await root.remove();
});

describe("serving", () => {
  it("starts a container with this argument list and no other, on the loopback, without a shell", async () => {
    expect(await serve()).toEqual({ code: 0, stdout: "", stderr: "" });
    await eventually(runs, (calls) => calls.length === 1);
    expect((await runs())[0]).toEqual([
      "docker",
      "run",
      "--detach",
      "--name",
      "maider-sweep-vllm",
      "--gpus",
      "all",
      "--ipc=host",
      "--network=host",
      "--env=VLLM_HOST_IP=127.0.0.1",
      "--env=VLLM_NO_USAGE_STATS=1",
      `--volume=${root.path}/var/lib/maider-sweep/huggingface:/root/.cache/huggingface`,
      "--entrypoint=vllm",
      "vllm/vllm-openai:v0.27.1",
      "serve",
      "Qwen/Qwen2.5-Coder-7B-Instruct",
      "--host=127.0.0.1",
      `--port=${String(port)}`,
      "--enable-prompt-tokens-details",
      "--tensor-parallel-size=2",
      "--pipeline-parallel-size=1",
      "--max-model-len=32768",
      "--gpu-memory-utilization=0.9",
      "--dtype=auto",
    ]);
  });

  it("passes every setting on, and remote code only when it is asked for", async () => {
    await serve({
      revision: "c0ffee",
      dtype: "half",
      quantization: "compressed-tensors",
      attention_backend: "TRITON_ATTN",
      kv_cache_dtype: "fp8_e4m3",
      enforce_eager: true,
      max_num_seqs: 64,
      trust_remote_code: true,
      stream_interval: 4,
      disable_xet: true,
      disable_p2p: true,
    });
    await eventually(runs, (calls) => calls.length === 1);
    expect((await runs())[0]).toEqual(
      expect.arrayContaining([
        "--revision=c0ffee",
        "--dtype=half",
        "--quantization=compressed-tensors",
        "--attention-backend=TRITON_ATTN",
        "--kv-cache-dtype=fp8_e4m3",
        "--enforce-eager",
        "--max-num-seqs=64",
        "--trust-remote-code",
        "--stream-interval=4",
        "--env=HF_HUB_DISABLE_XET=1",
        "--env=NCCL_P2P_DISABLE=1",
        "--disable-custom-all-reduce",
      ]),
    );
  });

  it("goes from start over running to absent, with image, commit and log", async () => {
    await docker({ log: "INFO loading\nINFO Application startup complete.\n" });
    const commit = "0123456789abcdef0123456789abcdef01234567";
    await root.write(`${CACHE}/refs/main`, commit);
    expect((await status()).state).toBe("absent");
    await serve();
    expect(["starting", "running"]).toContain((await status()).state);
    const running = await eventually(status, ({ state }) => state === "running");
    expect(running).toMatchObject({
      exit_code: null,
      image_digest: `sha256:${"ab".repeat(32)}`,
      revision: commit,
      total_bytes: null,
    });
    await eventually(status, ({ log_bytes }) => log_bytes === 48);
    expect((await agent("server-log", '{"from":13}')).stdout).toBe(
      "INFO Application startup complete.\n",
    );
    expect((await agent("server-log", '{"from":4000}')).stdout).toBe("");
    expect((await agent("stop")).code).toBe(0);
    expect((await status()).state).toBe("absent");
  });

  it("stops a former server first, and starts its log anew", async () => {
    await docker({ log: "the first\n" });
    await serve();
    await eventually(status, ({ state, log_bytes }) => state === "running" && log_bytes > 0);
    await docker({ log: "the second\n" });
    await serve({ model: "Qwen/Qwen2.5-Coder-3B-Instruct" });
    await eventually(status, ({ state, log_bytes }) => state === "running" && log_bytes > 0);
    expect((await agent("server-log", '{"from":0}')).stdout).toBe("the second\n");
    const verbs = (await root.calls()).map(([, verb]) => verb);
    expect(verbs.indexOf("rm")).toBeLessThan(verbs.lastIndexOf("run"));
    expect(verbs.indexOf("rm")).toBeGreaterThan(verbs.indexOf("run"));
  });

  it("tells the exit code of a server that ended, its log complete", async () => {
    const log = `${"a line of the traceback\n".repeat(20_000)}ValueError: No available memory\n`;
    await docker({ log, exit: 1 });
    await serve();
    const ended = await eventually(status, ({ state }) => state === "exited");
    expect(ended.exit_code).toBe(1);
    expect(ended.log_bytes).toBe(log.length);
    const end = JSON.stringify({ from: log.length - "No available memory\n".length });
    expect((await agent("server-log", end)).stdout).toBe("No available memory\n");
  });

  it("tells a container that docker would not start, in docker's words", async () => {
    await docker({ fail: { run: "docker: Error response from daemon: manifest unknown." } });
    await serve();
    const ended = await eventually(status, ({ state }) => state === "exited");
    expect(ended.exit_code).toBe(125);
    expect((await agent("server-log", '{"from":0}')).stdout).toContain("manifest unknown");
  });

  it("says so when docker itself does not answer", async () => {
    await docker({ fail: { inspect: "Cannot connect to the Docker daemon." } });
    expect(await agent("server-status")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Cannot connect to the Docker daemon.") as string,
    });
  });

  describe("a download", () => {
    let hub: Server;
    let asked: string[];
    beforeEach(async () => {
      asked = [];
      hub = createServer((incoming, reply) => {
        asked.push(`${incoming.url ?? ""} ${incoming.headers.authorization ?? ""}`);
        reply.end(
          JSON.stringify({
            siblings: [
              { rfilename: "model-1.safetensors", size: 1_000 },
              { rfilename: "model-2.safetensors", size: 500 },
              { rfilename: "config.json", size: 20 },
              { rfilename: "pytorch_model.bin", size: 9_999 },
              { rfilename: "original/consolidated.pth", size: 9_999 },
            ],
          }),
        );
      }).listen(0, "127.0.0.1");
      await once(hub, "listening");
      root.env["HF_ENDPOINT"] = `http://127.0.0.1:${String((hub.address() as AddressInfo).port)}`;
      await docker({ hang: true });
    });
    afterEach(() => hub.close());
    const knowsItsSize = (): Promise<ServerStatusJson> =>
      eventually(status, ({ total_bytes }) => total_bytes !== null);

    it("is counted, of how much, while a file is open", async () => {
      await agent("secret", "hf_canary");
      await root.write(`${CACHE}/blobs/aaaa`, "x".repeat(1_000));
      await serve({ revision: "main" });
      await root.write(`${CACHE}/blobs/bbbb.1234abcd.incomplete`, "x".repeat(300));
      expect(await knowsItsSize()).toMatchObject({ downloaded_bytes: 1_300, total_bytes: 1_520 });
      await eventually(status, ({ state }) => state === "downloading");
      expect(asked).toEqual([
        "/api/models/Qwen/Qwen2.5-Coder-7B-Instruct/revision/main?blobs=true Bearer hf_canary",
      ]);
    });

    it("is over once all bytes are there, whatever part a retry of its own has left", async () => {
      await root.write(`${CACHE}/blobs/aaaa`, "x".repeat(1_520));
      await serve();
      await root.write(`${CACHE}/blobs/bbbb.1234abcd.incomplete`, "x".repeat(300));
      await knowsItsSize();
      await eventually(runs, (calls) => calls.length === 1);
      expect((await status()).state).toBe("starting");
    });

    it("that was broken off leaves no parts to the next start, which would never be resumed", async () => {
      const other = CACHE.replace("7B", "3B");
      await root.write(`${CACHE}/blobs/aaaa`, "x".repeat(1_000));
      await root.write(`${CACHE}/blobs/bbbb.1234abcd.incomplete`, "x".repeat(300));
      await root.write(`${other}/blobs/cccc.incomplete`, "x".repeat(300));
      await serve();
      expect((await readdir(join(root.path, CACHE, "blobs"))).sort()).toEqual(["aaaa"]);
      expect(await readdir(join(root.path, other, "blobs"))).toEqual(["cccc.incomplete"]);
    });
  });

  it("says whose memory is held when a stopped server leaves some behind", async () => {
    await root.write("stand-ins/holders", "4242\n");
    expect(await agent("stop")).toMatchObject({
      code: 1,
      stderr: "GPU memory is still held after 60 s by 4242\n",
    });
    await root.write("stand-ins/holders", "");
  });
});

describe("hostile values", () => {
  const HOSTILE: readonly unknown[] = [
    "$(touch canary)",
    "`touch canary`",
    "; touch canary",
    "a\ntouch canary",
    "a\n",
    "--privileged",
    "-v/:/host",
    "../../etc/passwd",
    "a/../../b",
    "é",
    "a\u0000b",
    "x".repeat(10_000),
    "",
    {},
    [1],
    true,
    -1,
    1e30,
    "NaN",
  ];

  /** What is in order after all, and the argument that it becomes. */
  const HARMLESS: Readonly<Record<string, readonly string[]>> = {
    "model NaN": ["NaN"],
    "revision NaN": ["--revision=NaN"],
    "enforce_eager true": ["--enforce-eager"],
    "trust_remote_code true": ["--trust-remote-code"],
    "disable_xet true": ["--env=HF_HUB_DISABLE_XET=1"],
    "disable_p2p true": ["--env=NCCL_P2P_DISABLE=1", "--disable-custom-all-reduce"],
  };

  const cases = Object.keys(request).flatMap((field) =>
    HOSTILE.map((value) => ({ field, value, harmless: HARMLESS[`${field} ${String(value)}`] })),
  );
  const expectNoCanary = async (): Promise<void> => {
    for (const place of [root.path, process.cwd()])
      await expect(stat(join(place, "canary"))).rejects.toThrow("ENOENT");
  };

  it("are refused by name in every field, and nothing is started", async () => {
    const refused = cases.filter(({ harmless }) => harmless === undefined);
    expect(refused.length).toBeGreaterThan(200);
    let next = 0;
    const refuse = async (): Promise<void> => {
      for (let one = refused[next++]; one !== undefined; one = refused[next++]) {
        const { field, value } = one;
        const { code, stderr } = await serve({ [field]: value });
        expect({ field, value, code, stderr }).toEqual({
          field,
          value,
          code: 2,
          stderr: `refused: ${field}: not a value that is allowed here\n`,
        });
      }
    };
    await Promise.all(Array.from({ length: 4 }, refuse));
    expect(await root.calls()).toEqual([]);
    await expectNoCanary();
  });

  it("that are in order after all are passed as one inert argument", async () => {
    await serve();
    const [plain = []] = await eventually(runs, (calls) => calls.length === 1);
    for (const { field, value, harmless } of cases) {
      if (harmless === undefined) continue;
      const before = (await runs()).length;
      expect(await serve({ [field]: value })).toEqual({ code: 0, stdout: "", stderr: "" });
      const calls = await eventually(runs, (all) => all.length > before);
      const added = calls[before]?.filter((argument) => !plain.includes(argument));
      expect({ field, value, added }).toEqual({ field, value, added: harmless });
    }
    await expectNoCanary();
  });

  it("are refused as a whole request", async () => {
    for (const text of [
      "",
      "not json",
      "[]",
      "null",
      "{}",
      JSON.stringify({ ...request, extra: 1 }),
    ]) {
      expect((await agent("serve", text)).code).toBe(2);
    }
    for (const verb of ["", "launch;true", "--help", "$(id)"])
      expect((await agent(verb)).code).toBe(2);
    for (const text of ["", "{}", '{"from":-1}', '{"from":"0"}']) {
      expect((await agent("server-log", text)).code).toBe(2);
    }
    for (const token of ["a b", "a\nb", "x".repeat(600), "é"]) {
      expect((await agent("secret", token)).code).toBe(2);
    }
    expect(await runs()).toEqual([]);
  });
});

describe("the secret", () => {
  const file = "run/maider-sweep/secret/hf_token";

  it("lies in a file for root alone, reaches the container as a mount, and is wiped", async () => {
    expect((await agent("secret", "hf_canary")).code).toBe(0);
    expect(await root.read(file)).toBe("hf_canary");
    expect((await stat(join(root.path, file))).mode & 0o777).toBe(0o600);
    expect((await stat(join(root.path, "run/maider-sweep/secret"))).mode & 0o777).toBe(0o700);
    await serve();
    const [call] = await eventually(runs, (calls) => calls.length === 1);
    expect(call).toContain("--env=HF_TOKEN_PATH=/run/secrets/hf_token");
    expect(call).toContain(
      `--mount=type=bind,readonly,src=${root.path}/${file},dst=/run/secrets/hf_token`,
    );
    expect(JSON.stringify(await root.calls())).not.toContain("hf_canary");
    expect((await agent("secret", "")).code).toBe(0);
    await expect(root.read(file)).rejects.toThrow("ENOENT");
    expect((await agent("secret", "")).code).toBe(0);
  });

  const isThere = (): Promise<boolean> =>
    root.read(file).then(
      () => true,
      () => false,
    );

  it("is wiped by the VM itself once the model is loaded, should nobody come back for it", async () => {
    await docker({ hang: true });
    await agent("secret", "hf_canary");
    await serve();
    await eventually(runs, (calls) => calls.length === 1);
    expect(await isThere()).toBe(true);
    const loaded = createServer((_, reply) => reply.end()).listen(port, "127.0.0.1");
    await once(loaded, "listening");
    await eventually(isThere, (there) => !there);
    loaded.close();
  });

  it("is wiped by the VM itself some time after the server has ended, unless a new one was put there", async () => {
    root.env["MAIDER_SWEEP_PAUSE"] = "0.02";
    await docker({ log: "no such model\n", exit: 1 });
    await agent("secret", "hf_canary");
    await serve();
    await eventually(isThere, (there) => !there);

    root.env["MAIDER_SWEEP_PAUSE"] = "0.05";
    await agent("secret", "hf_first");
    await serve();
    await eventually(status, ({ state }) => state === "exited");
    await agent("secret", "hf_second");
    const watching = async (): Promise<boolean> =>
      (await root.run(["pgrep", "-f", `${template("agent.py")} forget`])).stdout !== "";
    await eventually(watching, (is) => !is);
    expect(await root.read(file)).toBe("hf_second");
  });
});

describe("the inspection", () => {
  const program = async (name: string, script: string): Promise<void> => {
    await root.write(`bin/${name}`, `#!/bin/bash\n${script}`);
    await root.run(["chmod", "+x", join(root.path, "bin", name)]);
  };
  const modules = `linux-modules-nvidia-580-server-open-${release()}`;
  beforeEach(async () => {
    await root.write("proc/sys/kernel/random/boot_id", "boot-1\n");
    await root.write("proc/modules", "nvidia_uvm 4096 0 - Live\nnvidia 8192 1 nvidia_uvm, Live\n");
    await root.write("etc/cloud-status", '{"status": "done", "errors": []}');
    await root.write("etc/packages", `ii |nvidia-driver-580-server-open\nii |${modules}\n`);
    await program("cloud-init", `cat ${root.path}/etc/cloud-status`);
    await program("dpkg-query", `grep "\${@: -1}\\|nvidia-driver" ${root.path}/etc/packages`);
    await program("apt-get", "echo '0 upgraded, 0 newly installed.'");
  });

  it("reads what the set-up has left, and changes nothing", async () => {
    await root.write(
      "var/log/maider-sweep/image.log",
      "1000 v0.27.1: Pulling from vllm/vllm-openai\n1001 ab12: Pulling fs layer\n1090 ab12: Download complete\n1100 cd34: Download complete\n1120 ab12: Pull complete\n1171 cd34: Pull complete\n1171 Digest: sha256:00\n",
    );
    expect(await json("inspect")).toEqual({
      uid: process.getuid?.(),
      kernel: release(),
      boot_id: "boot-1",
      cloud_init: "done",
      cloud_init_errors: [],
      module_package: modules,
      module_installed: true,
      module_installable: true,
      module_reason: "0 upgraded, 0 newly installed.",
      nouveau_loaded: false,
      nvidia_loaded: true,
      reboot_requested: false,
      pull_seconds: 99,
      unpack_seconds: 71,
      complete_bytes: 0,
      incomplete_files: 0,
    });
  });

  it("tells of a package that cannot be installed, nouveau, a reboot and cloud-init's errors", async () => {
    await root.write("etc/packages", "ii |nvidia-driver-580-server-open\nrc |nvidia-driver-550\n");
    await program(
      "apt-get",
      "echo ' the-modules : Depends: the-driver (= 1) but 2 is to be installed'; echo 'E: you have held broken packages.' >&2; exit 100",
    );
    await root.write("proc/modules", "nouveau 4096 0 - Live\n");
    await root.write("etc/cloud-status", '{"status": "error", "errors": ["ssh: no key"]}');
    await root.write("var/lib/maider-sweep/asked-for-reboot", "boot-0\n");
    expect(await json("inspect")).toMatchObject({
      cloud_init: "error",
      cloud_init_errors: ["ssh: no key"],
      module_package: modules,
      module_installed: false,
      module_installable: false,
      module_reason: "the-modules : Depends: the-driver (= 1) but 2 is to be installed",
      nouveau_loaded: true,
      nvidia_loaded: false,
      reboot_requested: true,
      pull_seconds: null,
      unpack_seconds: null,
    });
  });

  it("counts the incomplete files of the model that was served last", async () => {
    await serve();
    await root.write(`${CACHE}/blobs/aaaa`, "x".repeat(1_000));
    await root.write(`${CACHE}/blobs/bbbb.1234abcd.incomplete`, "x".repeat(300));
    expect(await json("inspect")).toMatchObject({ complete_bytes: 1_000, incomplete_files: 1 });
  });
});

describe("telemetry", () => {
  it("reads cards, driver and machine", async () => {
    expect(await json("facts")).toMatchObject({
      gpus: [
        {
          name: "NVIDIA RTX 4000 Ada Generation",
          memory_mib: 20_475,
          driver: "580.95.05",
          compute_capability: "8.9",
          power_limit_w: 130,
          max_clock_mhz: 2_175,
        },
      ],
      cuda: "13.0",
      kernel: expect.stringMatching(/^\d+\./) as string,
      vcpus: expect.any(Number) as number,
      ram_mib: expect.any(Number) as number,
    });
  });

  it("names heat as a slowdown, and neither idling nor the power cap", async () => {
    const calm = { clock_mhz: 2_100, power_w: 118.42, temperature_c: 61, throttle: [] };
    expect(await json("sample")).toEqual([calm]);
    await root.write("stand-ins/hot", "");
    expect(await json("sample")).toEqual([{ ...calm, throttle: ["sw_thermal_slowdown"] }]);
  });

  it("says null of what nvidia-smi does not tell", async () => {
    await root.write("stand-ins/untold", "");
    expect(await json("sample")).toEqual([
      { clock_mhz: null, power_w: null, temperature_c: null, throttle: null },
    ]);
    expect(await json("facts")).toMatchObject({
      gpus: [{ driver: "580.95.05", memory_mib: null, power_limit_w: null, max_clock_mhz: null }],
    });
  });

  it("fails in nvidia-smi's words when there is no driver", async () => {
    await root.write("stand-ins/no-gpu", "");
    for (const verb of ["facts", "sample"]) {
      expect(await agent(verb)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("couldn't communicate with the NVIDIA driver") as string,
      });
    }
  });
});
