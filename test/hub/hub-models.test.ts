import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { http, HttpResponse, type JsonBodyType } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { loadPlan } from "../../src/run/preflight/load-plan.ts";
import type { CoveragePlan } from "../../src/plan/coverage-plan.ts";
import type { CloudTargetRequest } from "../../src/run/run-request.ts";
import { fakeTerminal } from "../cli/fake-terminal.ts";
import { planRequest } from "../run/a-request.ts";

const HUB = "https://huggingface.co";
const SHA = "9a7c1e2f".repeat(5);
const GIB = 2 ** 30;

const asked: string[] = [];
const server = setupServer();
const record = (request: Request): void => {
  asked.push(`${new URL(request.url).pathname} ${request.headers.get("authorization") ?? "-"}`);
};
beforeAll(() => {
  server.listen({ onUnhandledFrame: "error" });
});
afterEach(() => {
  server.resetHandlers();
  asked.length = 0;
});
afterAll(() => {
  server.close();
});

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "mds-hub-"));
});

/** As Qwen3-4B-Instruct-2507 has it. */
const DENSE = {
  architectures: ["Qwen3ForCausalLM"],
  attention_bias: false,
  head_dim: 128,
  hidden_size: 2560,
  intermediate_size: 9728,
  max_position_embeddings: 262_144,
  model_type: "qwen3",
  num_attention_heads: 32,
  num_hidden_layers: 36,
  num_key_value_heads: 8,
  rope_scaling: null,
  tie_word_embeddings: true,
  torch_dtype: "bfloat16",
  vocab_size: 151_936,
};
/** As Qwen3-30B-A3B in blocks of FP8. */
const EXPERTS = {
  ...DENSE,
  architectures: ["Qwen3MoeForCausalLM"],
  model_type: "qwen3_moe",
  hidden_size: 2048,
  intermediate_size: 6144,
  moe_intermediate_size: 768,
  num_experts: 128,
  num_experts_per_tok: 8,
  num_hidden_layers: 48,
  num_key_value_heads: 4,
  tie_word_embeddings: false,
  quantization_config: {
    activation_scheme: "dynamic",
    quant_method: "fp8",
    weight_block_size: [128, 128],
  },
};
/** A vision model: the text part stands apart, and every fourth layer has full attention. */
const HYBRID = {
  architectures: ["Qwen3_5ForConditionalGeneration"],
  model_type: "qwen3_5",
  text_config: {
    ...DENSE,
    model_type: "qwen3_5_text",
    layer_types: Array.from({ length: 36 }, (_, i) =>
      i % 4 === 3 ? "full_attention" : "linear_attention",
    ),
  },
  vision_config: { hidden_size: 1152 },
};

interface Told {
  readonly config?: JsonBodyType;
  readonly gated?: false | "manual" | "auto";
  readonly sizes?: boolean;
  readonly configStatus?: number;
  readonly parameters?: Record<string, number>;
}

function hubTells(
  id: string,
  { config = DENSE, gated = false, sizes = true, configStatus = 200, parameters }: Told,
): void {
  const size = (bytes: number) => (sizes ? { size: bytes } : {});
  server.use(
    http.get(`${HUB}/api/models/${id}`, ({ request }) => {
      record(request);
      return HttpResponse.json({
        _id: "66e6d01a1e1c1c1c1c1c1c1c",
        id,
        sha: SHA,
        private: false,
        gated,
        downloads: 12,
        siblings: [
          { rfilename: ".gitattributes", ...size(1570) },
          { rfilename: "config.json", ...size(727) },
          { rfilename: "model-00001-of-00002.safetensors", ...size(4 * GIB) },
          { rfilename: "model-00002-of-00002.safetensors", ...size(3.5 * GIB) },
          { rfilename: "original/consolidated.safetensors", ...size(7.5 * GIB) },
        ],
        ...(parameters === undefined
          ? {}
          : {
              safetensors: {
                parameters,
                total: Object.values(parameters).reduce((a, b) => a + b, 0),
              },
            }),
      });
    }),
    http.get(`${HUB}/${id}/resolve/${SHA}/config.json`, ({ request }) => {
      record(request);
      return configStatus === 200
        ? HttpResponse.json(config)
        : new HttpResponse("Access restricted", { status: configStatus });
    }),
    http.get(`${HUB}/${id}/resolve/${SHA}/model.safetensors.index.json`, () =>
      HttpResponse.json({ metadata: { total_size: 6.25 * GIB }, weight_map: {} }),
    ),
  );
}

const load = (
  model: string,
  cloud: Partial<CloudTargetRequest> = {},
  env: Record<string, string> = {},
): Promise<CoveragePlan> => {
  const file = join(state, "plan.yaml");
  writeFileSync(
    file,
    `version: 1\nentries:\n  - gpu: g2-gpu-rtx4000a2-s\n    models: [${model}]\n`,
  );
  return loadPlan({ file }, planRequest(state, cloud), fakeTerminal(env));
};
const only = (plan: CoveragePlan) => {
  const [configuration] = plan.entries.flatMap(({ configurations }) => configurations);
  if (configuration === undefined) throw new Error("nothing is left");
  return configuration;
};

describe("a model that the catalogue lacks", () => {
  test("is described by the Hub, and pinned to the commit that was described", async () => {
    hubTells("Qwen/Qwen3-4B-New", { parameters: { BF16: 4_022_468_096 } });
    const { model, revision, fit } = only(await load("Qwen/Qwen3-4B-New"));
    expect(model).toMatchObject({
      category: "7b",
      paramsB: 4.022,
      activeParamsB: 4.022,
      layers: 36,
      heads: 32,
      kvHeads: 8,
      headDim: 128,
      kvBytesPerToken: 147_456,
      checkpointGib: 7.5,
      quantization: "none",
      gated: false,
      float16: true,
    });
    expect(revision).toBe(SHA);
    expect(fit.tensorParallel).toBe(2);
    expect(asked.every((line) => line.endsWith(" -"))).toBe(true);
  });

  test.each<[string, Told, Record<string, unknown>]>([
    [
      "a mixture of experts in FP8",
      { config: EXPERTS },
      { quantization: "fp8", paramsB: 30.532, activeParamsB: 3.353, category: "30b" },
    ],
    [
      "a text part beside a vision part",
      { config: HYBRID },
      { layers: 36, kvBytesPerToken: 36_864 },
    ],
    ["sizes from the index alone", { sizes: false }, { checkpointGib: 6.25 }],
    [
      "Gemma, which has no float16",
      { config: { ...DENSE, model_type: "gemma3_text" } },
      { float16: false },
    ],
  ])("may be %s", async (_, told, facts) => {
    hubTells("some/Model", told);
    expect(only(await load("some/Model")).model).toMatchObject(facts);
  });

  test.each<[string, Told | undefined, RegExp]>([
    ["does not exist", undefined, /the Hub has no such model/],
    [
      "is gated, and nobody has a token",
      { gated: "manual", configStatus: 401 },
      /it is gated: .* HF_TOKEN/,
    ],
    ["has no config.json", { configStatus: 404 }, /no config\.json/],
    [
      "is not a language model",
      { config: { model_type: "vit" } },
      /does not describe a language model/,
    ],
    [
      "is quantised in a way that we do not know",
      { config: { ...DENSE, quantization_config: { quant_method: "bitsandbytes" } } },
      /bitsandbytes/,
    ],
  ])("that %s is refused at its line, with the reason", async (_, told, says) => {
    if (told === undefined)
      server.use(
        http.get(`${HUB}/api/models/some/Model`, () =>
          HttpResponse.json({ error: "Repository not found" }, { status: 404 }),
        ),
      );
    else hubTells("some/Model", told);
    await expect(load("some/Model")).rejects.toThrow(says);
    await expect(load("some/Model")).rejects.toThrow(/plan\.yaml:4:\d+/);
  });

  test("that is gated is asked for with the token, which goes nowhere else", async () => {
    hubTells("meta/Gated", { gated: "manual" });
    expect(only(await load("meta/Gated", {}, { HF_TOKEN: "hf_canary" })).model.gated).toBe(true);
    expect(asked).toContain(`/meta/Gated/resolve/${SHA}/config.json Bearer hf_canary`);
    expect(readdirSync(join(state, "models"))).toEqual(["meta--Gated.json"]);
  });

  test("is asked for once; afterwards a simulation, or no network at all, knows it too", async () => {
    hubTells("some/Model", {});
    const first = only(await load("some/Model"));
    asked.length = 0;
    server.resetHandlers();
    expect(only(await load("some/Model"))).toEqual(first);
    expect(only(await load("some/Model", { simulate: true }))).toEqual(first);
    expect(asked).toEqual([]);
  });

  test("is not asked for in a simulation: no request leaves this machine", async () => {
    await expect(load("some/Model", { simulate: true })).rejects.toThrow(
      /a simulation does not contact the Hub/,
    );
    await expect(load("some/Model", { apiUrl: "http://127.0.0.1:9" })).rejects.toThrow(
      /with a local --api-url the Hub is not contacted[^]* without --api-url/,
    );
    expect(asked).toEqual([]);
  });

  test("says so when the Hub cannot be reached, and names what to state instead", async () => {
    server.use(http.get(`${HUB}/api/models/some/Model`, () => HttpResponse.error()));
    await expect(load("some/Model")).rejects.toThrow(/the Hub cannot be reached[^]*facts:/);
  });
});

test("a model of the catalogue needs no Hub", async () => {
  expect(only(await load("Qwen/Qwen3-8B")).revision).toBeUndefined();
  expect(asked).toEqual([]);
});

test("facts that the plan states are taken, whatever the Hub says", async () => {
  const file = join(state, "own.yaml");
  writeFileSync(
    file,
    "version: 1\nentries:\n  - gpu: g2-gpu-rtx4000a1-s\n    models:\n      - {id: my/own, facts: {params_b: 3, layers: 30, heads: 24, kv_heads: 8, head_dim: 128, max_position: 8192, checkpoint_gib: 6}}\n",
  );
  const plan = await loadPlan({ file }, planRequest(state), fakeTerminal());
  expect(only(plan).model.checkpointGib).toBe(6);
  expect(asked).toEqual([]);
});
