import { request as httpRequest } from "node:http";
import { readFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Machine, ServeRequest } from "../../src/machine/machine.ts";
import { createSshConnector } from "../../src/machine/ssh-machine.ts";
import type { ServerFailure, ServerReady } from "../../src/vllm/server-start.ts";
import { waitForServer } from "../../src/vllm/wait-for-server.ts";
import { type Clock, realClock } from "../../src/support/clock.ts";
import { type Sshd, startSshd } from "./sshd.ts";
import { template, type ThrowAwayRoot, throwAwayRoot } from "./throw-away-root.ts";

const never = new AbortController().signal;
/** The real clock, but without the pauses between two looks. */
const clock: Clock = { ...realClock(), sleep: (_, signal) => realClock().sleep(20, signal) };
const request: ServeRequest = {
  image: "vllm/vllm-openai:v0.27.1",
  model: "Qwen/Qwen2.5-Coder-7B-Instruct",
  revision: undefined,
  tensorParallel: 1,
  pipelineParallel: 1,
  maxModelLen: 4_096,
  gpuMemoryUtilization: 0.9,
  dtype: "auto",
  quantization: undefined,
  attentionBackend: undefined,
  kvCacheDtype: undefined,
  enforceEager: false,
  maxNumSeqs: undefined,
  trustRemoteCode: false,
  streamInterval: undefined,
  disableXet: false,
  disableP2p: false,
};

let root: ThrowAwayRoot;
let sshd: Sshd;
let machine: Machine;

beforeAll(async () => {
  root = await throwAwayRoot({ HF_ENDPOINT: "http://127.0.0.1:9" });
  const exports = Object.entries(root.env).map(
    ([name, value]) => `export ${name}='${value ?? ""}'`,
  );
  // What the VM's shell would do with the two words that we send, with our script found in the checkout.
  await root.write(
    "login",
    [
      "#!/bin/bash",
      ...exports,
      'read -r program verb rest <<<"$SSH_ORIGINAL_COMMAND"',
      "[[ $program == true ]] && exit 0",
      "[[ $program == /opt/maider-sweep/agent && -z $rest ]] || exit 127",
      `exec python3 '${template("agent.py")}' "$verb"`,
      "",
    ].join("\n"),
  );
  await root.run(["chmod", "+x", "login"]);
  sshd = await startSshd(`${root.path}/login`);
  machine = await createSshConnector({ clock: realClock() }).connect(sshd.target, never);
});
afterEach(() => machine.stopServer(never));
afterAll(async () => {
  await machine.close();
  await sshd.close();
  await root.remove();
});

async function serve(
  docker: object,
): Promise<{ outcome: ServerReady | ServerFailure; log: string }> {
  await root.write("stand-ins/docker.json", JSON.stringify(docker));
  await machine.serve(request, never);
  let log = "";
  const outcome = await waitForServer(
    machine,
    {
      model: request.model,
      clock,
      ceilingMs: 60_000,
      stallMs: 60_000,
      onProgress: () => undefined,
      onLog: (text) => {
        log += text;
      },
    },
    never,
  );
  return { outcome, log };
}

describe("serving over a real sshd", () => {
  it("starts a server, follows its log, and streams from it through the tunnel", async () => {
    const text = "INFO loading\nINFO Application startup complete.\n";
    const { outcome, log } = await serve({ log: text });
    expect(outcome).toMatchObject({ ready: true, vllmVersion: "0.27.1", maxModelLen: 4_096 });
    expect(log).toBe(text);
    const channel = await machine.openChannel(never);
    const body = JSON.stringify({ stream: true, max_tokens: 200 });
    const answer = await new Promise<string>((resolve, reject) => {
      const stream = httpRequest(
        {
          createConnection: () => channel,
          method: "POST",
          path: "/v1/chat/completions",
          headers: { "content-length": body.length },
        },
        (reply) => {
          let got = "";
          reply.on("data", (chunk: Buffer) => {
            got += chunk.toString();
          });
          reply.on("end", () => resolve(got));
        },
      );
      stream.on("error", reject);
      stream.end(body);
    });
    expect(answer.match(/data: \{/g)).toHaveLength(200);
    expect(answer.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  it.each([
    ["boot_fail_kv_too_small.txt", "the context window does not fit"],
    ["boot_fail_max_len_over_model.txt", "longer than the model's own"],
    ["boot_fail_no_model_dir.txt", "does not exist"],
    ["boot_fail_port_in_use.txt", "the port is still in use"],
    ["boot_fail_unknown_option.txt", "does not have an option"],
  ])("classifies %s, read from the machine", async (file, cause) => {
    const log = await readFile(new URL(`../../fixtures/vllm/${file}`, import.meta.url), "utf8");
    const { outcome } = await serve({ log, exit: 1 });
    expect(outcome.ready).toBe(false);
    expect((outcome as ServerFailure).cause).toContain(cause);
  });

  it("keeps a log that nobody knows, verbatim", async () => {
    const log = "Something that never happened before\n  in two lines\n";
    const { outcome } = await serve({ log, exit: 3 });
    expect(outcome).toMatchObject({ ready: false, cause: "unknown", evidence: log.trimEnd(), log });
  });

  it("tells in docker's words that a container did not start", async () => {
    const words = 'docker: could not select device driver "" with capabilities: [[gpu]].';
    const { outcome } = await serve({ fail: { run: words } });
    expect(outcome).toMatchObject({
      cause: "the container does not see the GPU",
      evidence: words,
    });
  });

  it("carries refusals, samples and facts", async () => {
    await expect(
      machine.serve({ ...request, model: "$(touch canary)" }, never),
    ).rejects.toMatchObject({
      kind: "command",
      exitCode: 2,
      message: expect.stringContaining("refused: model") as string,
    });
    await machine.setSecret("hf_canary", never);
    await machine.setSecret(undefined, never);
    expect((await machine.facts(never)).gpus[0]?.driver).toBe("580.95.05");
    expect(await machine.sampleGpus(never)).toHaveLength(1);
    await root.write("proc/sys/kernel/random/boot_id", "boot-1\n");
    expect(await machine.setupStatus(never)).toMatchObject({
      state: "waiting",
      rebootNeeded: false,
      bootId: "boot-1",
    });
  });
});
