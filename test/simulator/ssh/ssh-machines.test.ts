import { afterEach, describe, expect, test } from "vitest";
import { AGENT_PATH } from "../../../src/machine/agent-protocol.ts";
import type {
  FactsJson,
  GpuSampleJson,
  ServerStatusJson,
  SetupStatusJson,
} from "../../../src/machine/agent-protocol.ts";
import { createCoefficients } from "../../../src/simulator/world/coefficients.ts";
import { createSshMachines } from "../../../src/simulator/ssh/ssh-machines.ts";
import type { MachineFault } from "../../../src/simulator/faults/fault-scripts.ts";
import type { SshMachines } from "../../../src/simulator/world/simulated-vm.ts";
import { ask, events, fixedLength, logIn, type Login } from "./ssh-login.ts";
import { clockAt, CODER_7B, serveJson, testVm } from "./test-vm.ts";

const SSH_PORT = 22_022;
const VLLM_PORT = 8000;
let faces: SshMachines[] = [];

afterEach(async () => {
  await Promise.all(faces.map((face) => face.close()));
  faces = [];
});

/** Machines whose set-ups, downloads and loads take almost no time. */
function face(speed: number): { face: SshMachines; clock: ReturnType<typeof clockAt> } {
  const clock = clockAt(speed);
  const coefficients = createCoefficients({ seed: 1, delays: 1e-4 * speed });
  const made = createSshMachines({ clock: () => clock, sshPort: SSH_PORT, coefficients, seed: 1 });
  faces.push(made);
  return { face: made, clock };
}

async function until<T>(ask: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (good(value)) return value;
  }
}

async function agent<T>(login: Login, verb: string, stdin?: string): Promise<T> {
  const { code, stdout, stderr } = await login.run(`${AGENT_PATH} ${verb}`, stdin);
  if (code !== 0) throw new Error(`${verb}: ${stderr}`);
  return (stdout === "" ? undefined : JSON.parse(stdout)) as T;
}

async function setUp(login: Login): Promise<void> {
  await until(
    () => agent<SetupStatusJson>(login, "setup-status"),
    ({ state }) => state === "done",
  );
}

async function serve(login: Login, changes: Parameters<typeof serveJson>[0] = {}) {
  await setUp(login);
  await agent(login, "serve", JSON.stringify(serveJson(changes)));
  return until(
    () => agent<ServerStatusJson>(login, "server-status"),
    ({ state }) => state === "running" || state === "exited",
  );
}

/** Notes that something came to a good end, whenever that may be. */
function note(done: string[], name: string, ending: Promise<unknown>): void {
  ending.then(
    () => done.push(name),
    () => undefined,
  );
}

async function log(login: Login, from = 0): Promise<string> {
  const { stdout } = await login.run(`${AGENT_PATH} server-log`, JSON.stringify({ from }));
  return stdout;
}

async function bring(
  speed: number,
  faults: readonly MachineFault[] = [],
  changes: Parameters<typeof testVm>[1] = {},
) {
  const { face: made, clock } = face(speed);
  const vm = testVm(clock, changes);
  await made.powerOn(vm, faults);
  return { face: made, clock, vm, login: await logIn(vm, SSH_PORT, vm.clientKey) };
}

describe.each([1, 60])("at speed %i", (speed) => {
  test("a client logs in, sets up, serves a model, and streams an exact completion", async () => {
    const { face: made, vm, login } = await bring(speed);
    expect(await login.run("true")).toEqual({ code: 0, stdout: "", stderr: "" });
    await setUp(login);
    const facts = await agent<FactsJson>(login, "facts");
    expect(facts.gpus.map(({ name }) => name)).toEqual(["NVIDIA RTX 4000 Ada Generation"]);
    const status = await serve(login);
    expect(status).toMatchObject({ state: "running", exit_code: null });
    expect(status.downloaded_bytes).toBe(status.total_bytes);
    expect(status.revision).toMatch(/^[\da-f]{40}$/);

    const health = await ask(await login.open(VLLM_PORT), "/health");
    expect(health).toEqual({ status: 200, body: "" });
    const answer = await ask(
      await login.open(VLLM_PORT),
      "/v1/chat/completions",
      fixedLength(CODER_7B, 40),
    );
    const got = events(answer.body);
    expect(got.at(-1)).toBe("[DONE]");
    expect(got.at(-2)).toMatchObject({ choices: [], usage: { completion_tokens: 40 } });
    const [served] = made.served();
    expect(served).toMatchObject({ label: vm.label, model: CODER_7B, completion_tokens: 40 });
    expect(served!.received).toBeLessThanOrEqual(served!.first_write);
    // On a busy machine both fall into one turn of the loop.
    expect(served!.first_write).toBeLessThanOrEqual(served!.last_write);
    expect(made.connections()).toBe(1);
    login.end();
  });
});

describe("logging in", () => {
  test("a VM with missing or invalid user-data has another host key than the pinned one", async () => {
    const { face: made, clock } = face(1);
    const vm = testVm(clock, {
      userData: "#cloud-config\nssh_keys: {ed25519_private: nonsense}\n",
    });
    await made.powerOn(vm, []);
    await expect(logIn(vm, SSH_PORT, vm.clientKey)).rejects.toThrow(/verif/i);
  });

  test("a key that is not authorized is refused", async () => {
    const { face: made, clock } = face(1);
    const vm = testVm(clock, { authorizedKeys: [] });
    await made.powerOn(vm, []);
    await expect(logIn(vm, SSH_PORT, vm.clientKey)).rejects.toThrow(/authentication/i);
  });

  test("an address that the firewall does not admit gets no reply, also if its rules change later", async () => {
    const { face: made, clock } = face(1);
    const asked: string[] = [];
    let admits = false;
    const vm = testVm(clock, {
      admitsSsh: (from) => {
        asked.push(from);
        return admits;
      },
    });
    const other = testVm(clock);
    await Promise.all([made.powerOn(vm, []), made.powerOn(other, [])]);
    const done: string[] = [];
    // As long as a whole login elsewhere takes is long enough to call it silent.
    const elsewhere = async (): Promise<void> => {
      (await logIn(other, SSH_PORT, other.clientKey)).end();
    };
    note(done, "barred login", logIn(vm, SSH_PORT, vm.clientKey));
    await elsewhere();
    expect(asked).toEqual(["127.0.0.1"]);
    admits = true;
    const login = await logIn(vm, SSH_PORT, vm.clientKey);
    expect(await login.run("true")).toMatchObject({ code: 0 });
    admits = false;
    made.dropForbiddenConnections();
    note(done, "barred command", login.run("true"));
    await elsewhere();
    expect(done).toEqual([]);
    login.end();
  });

  test("the port is closed after the VM is deleted, and its connections are closed", async () => {
    const { face: made, vm, login } = await bring(1);
    const closed = new Promise<void>((resolve) => {
      login.client.once("close", () => {
        resolve();
      });
    });
    await made.powerOff(vm, "gone");
    await closed;
    await expect(logIn(vm, SSH_PORT, vm.clientKey)).rejects.toThrow(/ECONNREFUSED/);
    expect(made.connections()).toBe(0);
  });
});

describe("commands", () => {
  test("a command that is neither a builtin nor our script is not found", async () => {
    const { login } = await bring(1);
    expect(await login.run("nvidia-smi -L")).toMatchObject({ code: 127 });
    expect(await login.run("echo hello world")).toMatchObject({ code: 0, stdout: "hello world\n" });
    login.end();
  });

  test("our script does not exist if the user-data did not install it", async () => {
    const { face: made, clock } = face(1);
    const base = testVm(clock);
    const vm = { ...base, userData: base.userData.replace(AGENT_PATH, "/opt/other") };
    await made.powerOn(vm, []);
    const login = await logIn(vm, SSH_PORT, vm.clientKey);
    expect(await login.run(`${AGENT_PATH} setup-status`)).toMatchObject({ code: 127 });
    login.end();
  });

  test("an invalid request is refused with the reason", async () => {
    const { login } = await bring(1);
    await setUp(login);
    const refused = await login.run(`${AGENT_PATH} serve`, JSON.stringify({ model: "a/b" }));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("`image`");
    expect(await login.run(`${AGENT_PATH} nonsense`)).toMatchObject({ code: 2 });
    login.end();
  });

  test("vLLM's port is closed before it is ready and after it was stopped", async () => {
    const { login } = await bring(1);
    await expect(login.open(VLLM_PORT)).rejects.toThrow(/open failure|failed/i);
    await serve(login);
    (await login.open(VLLM_PORT)).destroy();
    await agent(login, "stop");
    expect(await agent<ServerStatusJson>(login, "server-status")).toMatchObject({
      state: "absent",
    });
    await expect(login.open(VLLM_PORT)).rejects.toThrow(/open failure|failed/i);
    login.end();
  });

  test("a gated model needs the secret, which can be deleted", async () => {
    const { login } = await bring(1, [], { typeId: "g2-gpu-rtx4000a4-s" });
    const gated = { model: "meta-llama/Llama-3.1-8B-Instruct", max_model_len: 4096 };
    expect(await serve(login, gated)).toMatchObject({ state: "exited", exit_code: 1 });
    expect(await log(login)).toContain("OSError: You are trying to access a gated repo.");
    await agent(login, "secret", "hf_something");
    expect(await serve(login, gated)).toMatchObject({ state: "running" });
    expect(await log(login)).toContain("Application startup complete.");
    await agent(login, "secret", "");
    expect(await serve(login, gated)).toMatchObject({ state: "exited" });
    login.end();
  });

  test("a downloaded checkpoint is kept over a reboot", async () => {
    const { face: made, vm, login } = await bring(1);
    await serve(login);
    await made.powerOff(vm, "reboot");
    await made.powerOn(vm, []);
    const again = await logIn(vm, SSH_PORT, vm.clientKey);
    expect(await agent<SetupStatusJson>(again, "setup-status")).toMatchObject({ state: "done" });
    expect(await agent<ServerStatusJson>(again, "server-status")).toMatchObject({
      state: "absent",
    });
    await agent(again, "serve", JSON.stringify(serveJson()));
    const status = await until(
      () => agent<ServerStatusJson>(again, "server-status"),
      ({ total_bytes: total }) => total !== null,
    );
    expect(status.downloaded_bytes).toBe(status.total_bytes);
    again.end();
  });
});

describe("faults", () => {
  const forModel = (action: MachineFault["action"]): MachineFault => ({
    vm: { model: CODER_7B },
    action,
  });

  test("out of memory: the container exits and its log says why", async () => {
    const { login } = await bring(1, [forModel("out-of-memory")]);
    expect(await serve(login)).toMatchObject({ state: "exited", exit_code: 1 });
    expect(await log(login)).toContain("torch.OutOfMemoryError: CUDA out of memory.");
    login.end();
  });

  test("a server that crashes ends its stream with an error, and then its container exits", async () => {
    const { login } = await bring(60, [forModel("server-dies")]);
    await serve(login);
    const answer = await ask(
      await login.open(VLLM_PORT),
      "/v1/chat/completions",
      fixedLength(CODER_7B, 600),
    );
    expect(answer.status).toBe(200);
    const got = events(answer.body);
    expect(got.at(-1)).toBe("[DONE]");
    expect(got.at(-2)).toMatchObject({ error: { type: "InternalServerError", code: 500 } });
    const status = await until(
      () => agent<ServerStatusJson>(login, "server-status"),
      ({ state }) => state === "exited",
    );
    expect(status.exit_code).toBe(1);
    expect(await log(login)).toContain("EngineDeadError");
    login.end();
  });

  test("SSH freezes in the middle of a stream: nothing is answered, and new connections hang", async () => {
    const { face: made, clock, vm, login } = await bring(60, [forModel("ssh-freezes")]);
    await serve(login);
    const other = testVm(clock);
    await made.powerOn(other, []);
    const received: Buffer[] = [];
    const done: string[] = [];
    const stream = ask(
      await login.open(VLLM_PORT),
      "/v1/chat/completions",
      fixedLength(CODER_7B, 600),
      (bytes) => received.push(bytes),
    );
    note(done, "stream", stream);
    // As long as a whole login elsewhere takes is long enough to call it frozen.
    const elsewhere = async (): Promise<"silent"> => {
      (await logIn(other, SSH_PORT, other.clientKey)).end();
      return "silent";
    };
    await until(
      () => Promise.race([login.run("true"), elsewhere()]),
      (answer) => answer === "silent",
    );
    note(done, "newcomer", logIn(vm, SSH_PORT, vm.clientKey));
    await elsewhere();
    expect(done).toEqual([]);
    expect(Buffer.concat(received).toString()).not.toContain("[DONE]");
    login.end();
  });

  test("a connection breaks after its seconds, recovers, and breaks again", async () => {
    const fault = { vm: {}, action: "link-breaks", seconds: 120, every_seconds: 300 } as const;
    const { vm, login } = await bring(60, [{ ...fault, after_seconds: 120 }]);
    const broken = (session: Login): Promise<void> =>
      new Promise((resolve) => {
        session.client.once("close", () => {
          resolve();
        });
      });
    const heal = (): Promise<Login> =>
      until(
        () => logIn(vm, SSH_PORT, vm.clientKey).catch(() => undefined),
        (session) => session !== undefined,
      ) as Promise<Login>;
    await broken(login);
    await expect(logIn(vm, SSH_PORT, vm.clientKey)).rejects.toThrow(/closed|reset|lost/i);
    const second = await heal();
    await setUp(second);
    await broken(second);
    (await heal()).end();
  });

  test("nvidia-smi prints [N/A]: a sample has no values, like that of the agent", async () => {
    const { login } = await bring(1, [{ vm: {}, action: "samples-unavailable" }]);
    await setUp(login);
    expect(await agent<GpuSampleJson[]>(login, "sample")).toEqual([
      { clock_mhz: null, power_w: null, temperature_c: null, throttle: null },
    ]);
    login.end();
  });

  const downloaded = (login: Login) => agent<ServerStatusJson>(login, "server-status");

  test("a download freezes halfway with Xet, and not without it", async () => {
    const { login } = await bring(60, [forModel("download-freezes")]);
    await setUp(login);
    await agent(login, "serve", JSON.stringify(serveJson()));
    const half = await until(
      () => downloaded(login),
      ({ downloaded_bytes: bytes, total_bytes: total }) =>
        total !== null && bytes === Math.round(total / 2),
    );
    expect(half).toMatchObject({ state: "downloading", exit_code: null });
    expect(await serve(login, { disable_xet: true })).toMatchObject({ state: "running" });
    login.end();
  });

  test("a download that the client starts anew leaves a part behind, beside the whole checkpoint", async () => {
    const { login } = await bring(60, [{ ...forModel("download-freezes"), seconds: 30 }]);
    const status = await serve(login);
    expect(status.state).toBe("running");
    expect(status.downloaded_bytes).toBeGreaterThan(status.total_bytes ?? Infinity);
    login.end();
  });

  test("a start hangs after the download without a log line, unless P2P is off on several GPUs", async () => {
    const type = { typeId: "g2-gpu-rtx4000a2-s" };
    const { clock, login } = await bring(6_000, [forModel("start-hangs")], type);
    await setUp(login);
    const request = { tensor_parallel_size: 2 };
    await agent(login, "serve", JSON.stringify(serveJson(request)));
    await until(
      () => log(login),
      (text) => text !== "",
    );
    const hour = clock.monotonic() + 3_600_000;
    const state = await until(
      () => downloaded(login),
      () => clock.monotonic() > hour,
    );
    expect(state).toMatchObject({ state: "starting", exit_code: null });
    expect(await log(login)).not.toContain("Initializing");
    const without = await serve(login, { ...request, disable_p2p: true });
    expect(without).toMatchObject({ state: "running" });
    login.end();
  });

  test("capturing graphs runs out of memory, unless the server is eager", async () => {
    const { login } = await bring(60, [forModel("graphs-out-of-memory")]);
    expect(await serve(login)).toMatchObject({ state: "exited", exit_code: 1 });
    const text = await log(login);
    expect(text).toContain("GPU KV cache size");
    expect(text).toContain(
      "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 62.00 MiB",
    );
    expect(await serve(login, { enforce_eager: true })).toMatchObject({ state: "running" });
    login.end();
  });

  test("too many sequences for a hybrid model are refused in vLLM's words, with the number that fits", async () => {
    const { login } = await bring(60, [{ ...forModel("too-many-seqs"), limit: 30 }]);
    expect(await serve(login)).toMatchObject({ state: "exited", exit_code: 1 });
    expect(await log(login)).toContain(
      "ValueError: max_num_seqs (256) exceeds available Mamba cache blocks (30).",
    );
    expect(await serve(login, { max_num_seqs: 30 })).toMatchObject({ state: "running" });
    login.end();
  });
});
