import { describe, expect, it } from "vitest";
import { MachineError, type ServeRequest } from "../../../src/machine/machine.ts";
import type { ServerFailure, ServerReady } from "../../../src/sweep/ports.ts";
import { simulatedSweep } from "../simulated-sweep.ts";

const GATED = "meta-llama/Llama-3.1-8B-Instruct";
const OPEN = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";

const READY: ServerReady = {
  ready: true,
  vllmVersion: "0.27.1",
  maxModelLen: 16_384,
  imageDigest: undefined,
  revision: undefined,
  engine: { dtype: undefined, quantization: undefined, attentionBackend: undefined, settings: {} },
  downloadSeconds: 1,
  seconds: 2,
};
const failure = (changes: Partial<ServerFailure> = {}): ServerFailure => ({
  ready: false,
  cause: "it failed",
  evidence: "",
  remedy: "",
  retry: false,
  planLines: [],
  log: "",
  ...changes,
});

/** Starts a server that ends as `answers` say, one after another; what was done on the machine, and what was journaled. */
async function start(
  options: {
    readonly gpu?: string;
    readonly model?: string;
    readonly hfToken?: string;
    readonly answers?: readonly (ServerReady | ServerFailure | Error)[];
  } = {},
) {
  const { gpu = "g2-gpu-rtx4000a1-s", model = OPEN, hfToken, answers = [READY] } = options;
  const done: unknown[] = [];
  const requests: ServeRequest[] = [];
  const left = [...answers];
  await using sweep = await simulatedSweep({
    entries: `[{ gpu: ${gpu}, models: [${model}] }]`,
    engine: "{}",
    settings: { leaveHeld: true, hfToken },
    change: ({ machines }) => ({
      machines: {
        ...machines,
        waitForServer: async () => {
          done.push("wait");
          const answer = left.shift();
          if (answer === undefined) throw new Error("one attempt too many");
          if (answer instanceof Error) throw answer;
          return answer;
        },
        connect: async (target, signal) => ({
          ...(await machines.connect(target, signal)),
          setSecret: async (token) => void done.push(["secret", token]),
          serve: async (request) => {
            done.push("serve");
            requests.push(request);
          },
        }),
      },
    }),
  });
  await sweep.run().catch(() => undefined);
  const causes = sweep.ofType("server.failed").map(({ cause }) => cause);
  const isUp = sweep.ofType("rental.held").length === 1;
  return { done, requests, isUp, causes };
}

describe("the Hugging Face token", () => {
  it.each([
    ["comes up", READY],
    ["fails", failure()],
  ])(
    "is on the VM of a gated model while a server that %s starts, and no longer",
    async (_, answer) => {
      const { done } = await start({ model: GATED, hfToken: "hf_x", answers: [answer] });
      expect(done).toEqual([["secret", "hf_x"], "serve", "wait", ["secret", undefined]]);
    },
  );

  it("is taken off a VM whose server could not even be waited for", async () => {
    const error = new MachineError("command", "the agent is broken");
    const { done } = await start({ model: GATED, hfToken: "hf_x", answers: [error] });
    expect(done.slice(0, 4)).toEqual([["secret", "hf_x"], "serve", "wait", ["secret", undefined]]);
  });

  it("is on the VM of a model that may be private too, which the catalogue does not know", async () => {
    const facts =
      "{params_b: 8, layers: 36, heads: 32, kv_heads: 8, head_dim: 128, max_position: 40960, checkpoint_gib: 5, quantization: awq, intermediate: 12288}";
    const model = `{id: my-team/secret-coder, facts: ${facts}}`;
    const { done } = await start({ model, hfToken: "hf_x" });
    expect(done).toEqual([["secret", "hf_x"], "serve", "wait", ["secret", undefined]]);
  });

  it.each([
    [OPEN, "hf_x"],
    [GATED, undefined],
  ])("%s with the token %s puts no secret on the VM", async (model, hfToken) => {
    const { done } = await start({ model, ...(hfToken === undefined ? {} : { hfToken }) });
    expect(done).toEqual(["serve", "wait"]);
  });
});

describe("a server that does not come up", () => {
  const stalled = failure({
    cause: "the download has stalled",
    retry: true,
    retryWith: { disableXet: true },
  });
  const hung = failure({ cause: "the start hangs", retryWith: { disableP2p: true } });
  const tooSmall = failure({
    cause: "the window does not fit",
    retryWith: { maxModelLen: 11_472 },
  });

  it("is not started again where nothing is likely to help", async () => {
    const { done, isUp, causes } = await start({ answers: [failure()] });
    expect(done).toEqual(["serve", "wait"]);
    expect(causes).toEqual(["it failed"]);
    expect(isUp).toBe(false);
  });

  it("is started again without Xet after a download that has stalled", async () => {
    const { requests, causes, isUp } = await start({ answers: [stalled, stalled, READY] });
    expect(requests.map(({ disableXet }) => disableXet)).toEqual([false, true, true]);
    expect(causes).toEqual([
      "the download has stalled (trying again without Xet)",
      "the download has stalled (trying again)",
    ]);
    expect(isUp).toBe(true);
  });

  it("that hangs is started once more without access between its GPUs", async () => {
    const two = { gpu: "g2-gpu-rtx4000a2-s", model: "Qwen/Qwen2.5-Coder-32B-Instruct-AWQ" };
    const { requests, causes, isUp } = await start({ ...two, answers: [hung, hung] });
    expect(requests.map(({ disableP2p }) => disableP2p)).toEqual([false, true]);
    expect(causes).toEqual([
      "the start hangs (trying again without peer-to-peer access between the GPUs)",
      "the start hangs",
    ]);
    expect(isUp).toBe(false);
  });

  it("that hangs on one GPU is given up", async () => {
    expect((await start({ answers: [hung] })).causes).toEqual(["the start hangs"]);
  });

  it("is started once with the window that vLLM says fits, where the plan asks for none", async () => {
    const { requests, causes } = await start({ answers: [tooSmall, tooSmall] });
    expect(requests.map(({ maxModelLen }) => maxModelLen)).toEqual([18_432, 11_264]);
    expect(causes).toEqual([
      "the window does not fit (trying again with a window of 11,264 tokens)",
      "the window does not fit",
    ]);
  });

  it.each([
    [
      "the plan asks for another",
      "{ id: Qwen/Qwen2.5-Coder-7B-Instruct-AWQ, max_model_len: 18432 }",
      11_472,
    ],
    ["too few tokens for the tests fit", OPEN, 3_000],
  ])("is not started with a shorter window where %s", async (_, model, maxModelLen) => {
    const { done } = await start({ model, answers: [failure({ retryWith: { maxModelLen } })] });
    expect(done).toEqual(["serve", "wait"]);
  });
});

it("a start that the machine refuses fails its model, and the next one is measured", async () => {
  const models = "[Qwen/Qwen2.5-Coder-7B-Instruct-AWQ, Qwen/Qwen2.5-Coder-14B-Instruct-AWQ]";
  await using sweep = await simulatedSweep({
    entries: `[{ gpu: g2-gpu-rtx4000a1-s, models: ${models} }]`,
    change: ({ machines }) => ({
      machines: {
        ...machines,
        connect: async (target, signal) => {
          const machine = await machines.connect(target, signal);
          return {
            ...machine,
            serve: (request, inner) =>
              request.model.includes("-7B-")
                ? Promise.reject(new MachineError("command", "docker: device error", 1))
                : machine.serve(request, inner),
          };
        },
      },
    }),
  });
  await sweep.run();
  expect(sweep.ofType("server.failed").map(({ cause }) => cause)).toEqual([
    "the server could not be started (trying again)",
    "the server could not be started (trying again)",
    "the server could not be started",
  ]);
  expect(sweep.ofType("configuration.finished").map(({ state }) => state)).toEqual([
    "failed",
    "measured",
  ]);
});
