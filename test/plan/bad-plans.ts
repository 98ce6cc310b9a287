/** A description, the plan, and the complete list of its problems. */
export const BAD_PLANS: readonly (readonly [what: string, plan: string, says: string])[] = [
  ["an empty file", ``, `plan.yaml:1:1: the plan is empty (\`maider-sweep init\` creates one)`],
  [
    "a file of comments",
    `# nothing here
`,
    `plan.yaml:1:1: the plan is empty (\`maider-sweep init\` creates one)`,
  ],
  [
    "a list instead of a mapping",
    `- version: 1
`,
    `plan.yaml:1:1: the plan must be a mapping of keys, not a list`,
  ],
  [
    "broken YAML",
    `version: 1
name: t
budget: {max_cost: 1
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:4:1: not valid YAML: Flow map in block collection must be sufficiently indented and end with a }`,
  ],
  [
    "tabs as indentation",
    `version: 1
name: t
budget:
	max_cost: 1
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:4:1: tabs cannot indent YAML`,
  ],
  [
    "a second document",
    `version: 1
name: t
passes: 1
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
---
version: 1
`,
    `plan.yaml:7:1: a plan must be a single YAML document, but a second one starts here`,
  ],
  [
    "a duplicate key",
    `version: 1
name: t
passes: 1
passes: 2
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:4:1: \`passes\` is duplicated`,
  ],
  [
    "an explicit tag",
    `version: 1
name: t
passes: !!int 3
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:15: tags (\`!...\`) have no meaning in a plan`,
  ],
  [
    "an unknown tag",
    `version: 1
name: t
passes: !secret 3
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:17: tags (\`!...\`) have no meaning in a plan`,
  ],
  [
    "an alias without an anchor",
    `version: 1
name: t
regions: *usual
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:10: there is no anchor \`&usual\` before this alias`,
  ],
  [
    "a key that is a list",
    `version: 1
name: t
? [a, b]
: 1
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:3: a key must be a plain word`,
  ],
  [
    "a line break in a string",
    `version: 1
name: t
prompts: "a\\nb.jsonl"
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:10: \`prompts\`: line breaks and control characters are not allowed`,
  ],
  [
    "a control character in a list's item",
    `version: 1
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: ["Qwen/\\e[31m"]
`,
    `plan.yaml:4:14: \`models\`: line breaks and control characters are not allowed`,
  ],
  [
    "a key with a special meaning in JavaScript",
    `version: 1
engine:
  __proto__: 1
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:3: unknown key \`__proto__\``,
  ],
  [
    "no version and no entries",
    `name: t
`,
    `plan.yaml:1:1: the plan lacks \`version\`, \`entries\``,
  ],
  [
    "another version",
    `version: 2
name: t
passes: 1
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:1:10: \`version\` must be 1, not 2`,
  ],
  [
    "a misspelt key",
    `version: 1
name: t
concurency: 2
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:1: unknown key \`concurency\` (did you mean \`concurrency\`?)`,
  ],
  [
    "a key of the budget at the top",
    `version: 1
name: t
max_cost: 5
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:1: unknown key \`max_cost\` (it belongs under \`budget\`)`,
  ],
  [
    "a key that nobody knows",
    `version: 1
name: t
budget: {colour: red}
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:10: unknown key \`colour\` (known keys: max_cost, max_cost_per_entry, max_hours_per_rental, monthly_cap)`,
  ],
  [
    "a key of the top in the engine",
    `version: 1
name: t
engine:
  image: vllm/vllm-openai:v0.27.1
  concurrency: 3
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:5:3: unknown key \`concurrency\` (it belongs at the top level)`,
  ],
  [
    "a name that could be an option",
    `version: 1
name: --help
passes: 1
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:2:7: \`name\` must begin with a letter or digit, and have at most 64 letters, digits, spaces, dots, dashes and underscores`,
  ],
  [
    "money as text",
    `version: 1
name: t
budget:
  max_cost: "60"
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:4:13: \`budget.max_cost\` must be a number, not the string "60"`,
  ],
  [
    "a cap of nothing",
    `version: 1
name: t
budget:
  max_cost: 0
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:4:13: \`budget.max_cost\` must be more than 0, not 0`,
  ],
  [
    "money that is no number",
    `version: 1
name: t
budget:
  max_cost: .nan
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:4:13: \`budget.max_cost\` must be a number, not NaN`,
  ],
  [
    "a part larger than the whole",
    `version: 1
name: t
budget:
  max_cost: 10
  max_cost_per_entry: 12.5
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:5:23: \`max_cost_per_entry\` ($12.50) is more than \`max_cost\` ($10.00)`,
  ],
  [
    "a month smaller than a run",
    `version: 1
name: t
budget:
  max_cost: 100
  monthly_cap: 50
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:5:16: \`monthly_cap\` ($50.00) is less than \`max_cost\` ($100.00), which it makes unreachable`,
  ],
  [
    "half a rental at once",
    `version: 1
name: t
concurrency: 1.5
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:14: \`concurrency\` must be a whole number, not 1.5`,
  ],
  [
    "passes beyond reason",
    `version: 1
name: t
passes: 1000
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:9: \`passes\` must be at most 100, not 1000`,
  ],
  [
    "one region instead of a list",
    `version: 1
name: t
regions: us-ord
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:10: \`regions\` must be a list, not the string "us-ord"`,
  ],
  [
    "a region that is an option",
    `version: 1
name: t
regions: [us-ord, --help]
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:19: \`regions[1]\` is not the name of a region, such as \`us-ord\``,
  ],
  [
    "a region twice",
    `version: 1
name: t
regions: [us-ord, de-fra-2, us-ord]
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:29: \`regions[2]\` is duplicated: us-ord`,
  ],
  [
    "a misspelt suite",
    `version: 1
name: t
suites: [coding, context-heavy]
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:18: \`suites[1]\` must be one of coding, context_heavy, reasoning, not the string "context-heavy" (did you mean \`context_heavy\`?)`,
  ],
  [
    "no suite",
    `version: 1
name: t
suites: []
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:9: \`suites\` must not be empty`,
  ],
  [
    "no request in flight",
    `version: 1
name: t
load: [0]
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:8: \`load[0]\` must be at least 1, not 0`,
  ],
  [
    "a packing that does not exist",
    `version: 1
name: t
packing: fill-hour
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:10: \`packing\` must be one of per-entry, fill-hours, not the string "fill-hour" (did you mean \`fill-hours\`?)`,
  ],
  [
    "an image without a tag",
    `version: 1
name: t
engine:
  image: vllm/vllm-openai
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:4:10: \`engine.image\` needs a fixed tag or a digest, because results of a changing image cannot be compared`,
  ],
  [
    "an image that moves",
    `version: 1
name: t
engine: {image: 'vllm/vllm-openai:latest'}
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:17: \`engine.image\` needs a fixed tag or a digest, because results of a changing image cannot be compared`,
  ],
  [
    "an image with a piece of shell",
    `version: 1
name: t
engine:
  image: vllm/vllm-openai:v1;reboot
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:4:10: \`engine.image\` is not the name of a container image, such as \`vllm/vllm-openai:v0.27.1\``,
  ],
  [
    "an image from anywhere",
    `version: 1
name: t
engine:
  image: registry.example.com/vllm:v0.27.1
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:4:10: images from \`registry.example.com\` need \`allow_remote_code: true\` (trusted without it: docker.io, mirror.gcr.io, ghcr.io, nvcr.io, public.ecr.aws, quay.io)`,
  ],
  [
    "a share of memory above one",
    `version: 1
name: t
engine:
  gpu_memory_utilization: 1.5
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:4:27: \`engine.gpu_memory_utilization\` must be at most 0.98, not 1.5`,
  ],
  [
    "an address range that is none",
    `version: 1
name: t
ssh_cidr: 203.0.113.7/33
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`,
    `plan.yaml:3:11: \`ssh_cidr\` is not an address range, such as \`203.0.113.7/32\``,
  ],
  [
    "an unknown GPU type",
    `version: 1
name: t
entries:
  - gpu: g2-gpu-rtx4000a2s
    models: [Qwen/Qwen3-8B]
`,
    `plan.yaml:4:10: \`g2-gpu-rtx4000a2s\` is not a known GPU type (did you mean \`g2-gpu-rtx4000a2-s\`?)`,
  ],
  [
    "a GPU type that is not an id",
    `version: 1
name: t
entries:
  - gpu: RTX 4000
    models: [Qwen/Qwen3-8B]
`,
    `plan.yaml:4:10: \`entries[0].gpu\` is not the id of a GPU type, such as \`g2-gpu-rtx4000a1-s\``,
  ],
  [
    "an unknown GPU type in a list",
    `version: 1
name: t
entries:
  - gpu: [g2-gpu-rtx4000a1-s, g9-gpu-x]
    models: [Qwen/Qwen3-8B-AWQ]
`,
    `plan.yaml:4:31: \`g9-gpu-x\` is not a known GPU type`,
  ],
  [
    "a GPU type twice in a list",
    `version: 1
name: t
entries:
  - gpu: [g2-gpu-rtx4000a1-s, g2-gpu-rtx4000a1-s]
    models: [Qwen/Qwen3-8B-AWQ]
`,
    `plan.yaml:4:31: \`entries[0].gpu[1]\` is duplicated: g2-gpu-rtx4000a1-s`,
  ],
  [
    "a number as GPU type",
    `version: 1
name: t
entries:
  - gpu: 4000
    models: [Qwen/Qwen3-8B]
`,
    `plan.yaml:4:10: \`entries[0].gpu\` must be a string or a list, not 4000`,
  ],
  [
    "an entry without anything",
    `version: 1
name: t
entries:
  - {}
`,
    `plan.yaml:4:5: \`entries[0]\` lacks \`gpu\`, \`models\``,
  ],
  [
    "no models",
    `version: 1
name: t
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: []
`,
    `plan.yaml:5:13: \`entries[0].models\` must not be empty`,
  ],
  [
    "a model id with a piece of shell",
    `version: 1
name: t
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models:
      - Qwen/x; touch y
`,
    `plan.yaml:6:9: \`entries[0].models[0]\` is not a model id of the Hugging Face Hub, such as \`Qwen/Qwen2.5-Coder-7B-Instruct\``,
  ],
  [
    "a model id that is an option",
    `version: 1
name: t
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models:
      - --trust-remote-code
`,
    `plan.yaml:6:9: \`entries[0].models[0]\` is not a model id of the Hugging Face Hub, such as \`Qwen/Qwen2.5-Coder-7B-Instruct\``,
  ],
  [
    "a model id that climbs out",
    `version: 1
name: t
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models:
      - id: ../../etc/passwd
`,
    `plan.yaml:6:13: \`entries[0].models[0].id\` is not a model id of the Hugging Face Hub, such as \`Qwen/Qwen2.5-Coder-7B-Instruct\``,
  ],
  [
    "a misspelt model",
    `version: 1
name: t
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models:
      - Qwen/Qwen2.5-Coder-7B-Instruct-AQW
`,
    `plan.yaml:6:9: \`Qwen/Qwen2.5-Coder-7B-Instruct-AQW\` is not in the catalogue (did you mean \`Qwen/Qwen2.5-Coder-7B-Instruct-AWQ\`? Otherwise state its \`facts:\` (params_b, layers, heads, kv_heads, head_dim, max_position, checkpoint_gib))`,
  ],
  [
    "a model that nobody described",
    `version: 1
name: t
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models:
      - example/tiny
`,
    `plan.yaml:6:9: \`example/tiny\` is not in the catalogue (state its \`facts:\` (params_b, layers, heads, kv_heads, head_dim, max_position, checkpoint_gib))`,
  ],
  [
    "a model described by halves",
    `version: 1
name: t
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models:
      - id: example/tiny
        facts: {params_b: 1, layers: 12}
`,
    `plan.yaml:7:16: \`entries[0].models[0].facts\` lacks \`heads\`, \`kv_heads\`, \`head_dim\`, \`max_position\`, \`checkpoint_gib\``,
  ],
  [
    "heads that do not divide",
    `version: 1
name: t
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models:
      - id: example/tiny
        facts: {params_b: 1, layers: 12, heads: 12, kv_heads: 5, head_dim: 64, max_position: 8192, checkpoint_gib: 2}
`,
    `plan.yaml:7:63: \`entries[0].models[0].facts.kv_heads\` must divide \`heads\` (12)`,
  ],
  [
    "a short revision",
    `version: 1
name: t
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models:
      - {id: Qwen/Qwen3-8B-AWQ, revision: abc123}
`,
    `plan.yaml:6:43: \`entries[0].models[0].revision\` must be a full commit hash, 40 hexadecimal digits in lower case`,
  ],
  [
    "a model too large",
    `version: 1
name: t
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models:
      - Qwen/Qwen2.5-Coder-32B-Instruct-AWQ
`,
    `plan.yaml:6:9: \`Qwen/Qwen2.5-Coder-32B-Instruct-AWQ\` on \`g2-gpu-rtx4000a1-s\`: needs 18.0 GiB of weights and 1.5 GiB of overhead, but only 17.55 GiB are usable on 1 x RTX 4000 Ada`,
  ],
  [
    "a window too long for the card",
    `version: 1
name: t
entries:
  - gpu: g1-gpu-rtx6000-1
    models:
      - id: Qwen/Qwen3-30B-A3B-GPTQ-Int4
        max_model_len: 32768
`,
    `plan.yaml:7:24: \`Qwen/Qwen3-30B-A3B-GPTQ-Int4\` on \`g1-gpu-rtx6000-1\`: a window of 32,768 tokens needs 3.00 GiB of cache, but 15.6 GiB of weights and 1.5 GiB of overhead leave 2.67 GiB on 1 x Quadro RTX 6000; 29,163 tokens fit`,
  ],
  [
    "a window too long for the model",
    `version: 1
name: t
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models:
      - id: Qwen/Qwen2.5-Coder-7B-Instruct-AWQ
        max_model_len: 131072
`,
    `plan.yaml:7:24: \`Qwen/Qwen2.5-Coder-7B-Instruct-AWQ\` on \`g2-gpu-rtx4000a1-s\`: a window of 131,072 tokens is longer than the model's maximum of 32,768`,
  ],
  [
    "bfloat16 on Turing",
    `version: 1
name: t
engine: {dtype: bfloat16}
entries:
  - gpu: g1-gpu-rtx6000-1
    models: [Qwen/Qwen3-8B-AWQ]
`,
    `plan.yaml:3:17: \`Qwen/Qwen3-8B-AWQ\` on \`g1-gpu-rtx6000-1\`: Quadro RTX 6000 has no bfloat16`,
  ],
  [
    "MXFP4 on Turing",
    `version: 1
name: t
entries:
  - gpu: g1-gpu-rtx6000-2
    models: [openai/gpt-oss-20b]
`,
    `plan.yaml:5:14: \`openai/gpt-oss-20b\` on \`g1-gpu-rtx6000-2\`: MXFP4 weights need compute capability 8.0; Quadro RTX 6000 has 7.5`,
  ],
  [
    "a model that refuses float16 on Turing",
    `version: 1
name: t
entries:
  - gpu: g1-gpu-rtx6000-4
    models: [google/gemma-3-12b-it]
`,
    `plan.yaml:5:14: \`google/gemma-3-12b-it\` on \`g1-gpu-rtx6000-4\`: vLLM does not run this model in float16, and Quadro RTX 6000 (compute capability 7.5) has no bfloat16`,
  ],
  [
    "FP8 on Turing with an old engine",
    `version: 1
name: t
engine:
  image: vllm/vllm-openai:v0.11.0
entries:
  - gpu: g1-gpu-rtx6000-1
    models: [Qwen/Qwen3-8B-FP8]
`,
    `plan.yaml:4:10: \`Qwen/Qwen3-8B-FP8\` on \`g1-gpu-rtx6000-1\`: needs vLLM 0.17 on Quadro RTX 6000, the image has 0.11`,
  ],
  [
    "a quantisation that the weights are not in",
    `version: 1
name: t
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models:
      - id: Qwen/Qwen3-8B-AWQ
        quantization: gptq
`,
    `plan.yaml:7:23: \`Qwen/Qwen3-8B-AWQ\` on \`g2-gpu-rtx4000a1-s\`: \`quantization: gptq\` cannot read its weights (awq); without this key, vLLM detects the quantization`,
  ],
  [
    "an FP8 cache on Turing",
    `version: 1
name: t
entries:
  - gpu: g1-gpu-rtx6000-1
    models:
      - id: Qwen/Qwen3-8B-AWQ
        kv_cache_dtype: fp8
`,
    `plan.yaml:7:25: \`Qwen/Qwen3-8B-AWQ\` on \`g1-gpu-rtx6000-1\`: an FP8 cache needs compute capability 8.9, Quadro RTX 6000 has 7.5`,
  ],
  [
    "the same configuration twice",
    `version: 1
name: t
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen3-8B-AWQ]
  - gpu: [g2-gpu-rtx4000a1-m, g2-gpu-rtx4000a1-s]
    models: [Qwen/Qwen3-14B-AWQ, Qwen/Qwen3-8B-AWQ]
`,
    `plan.yaml:7:34: the same configuration as in line 5: \`Qwen/Qwen3-8B-AWQ\` on \`g2-gpu-rtx4000a1-s\``,
  ],
  [
    "region and regions",
    `version: 1
name: t
entries:
  - gpu: g2-gpu-rtx4000a1-s
    region: us-ord
    regions: [us-sea]
    models: [Qwen/Qwen3-8B-AWQ]
`,
    `plan.yaml:5:5: \`region\` and \`regions\` are mutually exclusive`,
  ],
  [
    "a list of types of which none fits",
    `version: 1
name: t
entries:
  - gpu: [g2-gpu-rtx4000a1-s, g2-gpu-rtx4000a1-m]
    models: [Qwen/Qwen2.5-72B-Instruct-AWQ]
`,
    `plan.yaml:3:1: there is nothing to run: no pair of this plan fits (needs 38.7 GiB of weights and 1.5 GiB of overhead, but only 17.55 GiB are usable on 1 x RTX 4000 Ada)`,
  ],
  [
    "five kinds of mistakes at once",
    `version: 3
name: t
pases: 3
budget:
  max_cost: 5
  max_cost_per_entry: 6
entries:
  - gpu: g2-gpu-rtx4000a1s
    models: [Qwen/Qwen3-8B]
  - gpu: g2-gpu-rtx4000a1-m
    models: [Qwen/Qwen3-32B-AWQ]
`,
    `plan.yaml:1:10: \`version\` must be 1, not 3
plan.yaml:3:1: unknown key \`pases\` (did you mean \`passes\`?)
plan.yaml:6:23: \`max_cost_per_entry\` ($6.00) is more than \`max_cost\` ($5.00)
plan.yaml:8:10: \`g2-gpu-rtx4000a1s\` is not a known GPU type (did you mean \`g2-gpu-rtx4000a1-s\`?)
plan.yaml:11:14: \`Qwen/Qwen3-32B-AWQ\` on \`g2-gpu-rtx4000a1-m\`: needs 18.0 GiB of weights and 1.5 GiB of overhead, but only 17.55 GiB are usable on 1 x RTX 4000 Ada`,
  ],
];
