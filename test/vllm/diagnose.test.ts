import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { diagnose } from "../../src/vllm/diagnose.ts";
import { FAILURE_SIGNATURES } from "../../src/vllm/failure-signatures.ts";
import { startupFacts } from "../../src/vllm/startup-facts.ts";

const folder = new URL("../../fixtures/vllm/", import.meta.url);
const fixture = (name: string): string => readFileSync(new URL(name, folder), "utf8");

/** The wrapper that vLLM prints last, around whatever it was. */
const WRAPPED = (line: string): string =>
  [
    "(APIServer pid=29986) INFO 11-24 02:50:38 [api_utils.py:286] non-default args: {'model': 'a/b'}",
    "(APIServer pid=29986) WARNING 11-24 02:50:38 [system_utils.py:255] errors like `OSError: [Errno 24] Too many open files`",
    "(EngineCore pid=30195) ERROR 11-24 02:51:14 [core.py:1510] EngineCore failed to start.",
    "(EngineCore pid=30195) ERROR 11-24 02:51:14 [core.py:1510] Traceback (most recent call last):",
    `(EngineCore pid=30195) ERROR 11-24 02:51:14 [core.py:1510] ${line}`,
    "(EngineCore pid=30195) ERROR 11-24 02:51:18 [multiproc_executor.py:315] Worker proc VllmWorker-0 died unexpectedly (exit code: None), shutting down executor.",
    "Traceback (most recent call last):",
    "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}",
    "",
  ].join("\n");

const REAL: readonly [file: string, cause: string, evidence: string, planLines: string[]][] = [
  [
    "boot_fail_kv_too_small.txt",
    "the context window does not fit",
    "estimated maximum model length is 896",
    ["max_model_len: 768"],
  ],
  [
    "boot_fail_max_len_over_model.txt",
    "longer than the model's own",
    "User-specified max_model_len (99999)",
    ["max_model_len: 16384"],
  ],
  ["boot_fail_no_model_dir.txt", "does not exist", "Repo id must be in the form", []],
  ["boot_fail_port_in_use.txt", "the port is still in use", "Address already in use", []],
  ["boot_fail_unknown_option.txt", "does not have an option", "--no-such-option", []],
];

/** One text for each row: vLLM's, transformers', the Hub client's or docker's own words. */
const ROWS: readonly [text: string, cause: string, planLines?: string[]][] = [
  [
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 130.00 MiB. GPU 0 has a total capacity of 19.54 GiB",
    "out of GPU memory",
    ["enforce_eager: true"],
  ],
  [
    "Failed to load model - not enough GPU memory. Try lowering --gpu-memory-utilization to free memory for weights, increasing --tensor-parallel-size, or using --quantization.",
    "out of GPU memory",
    ["enforce_eager: true"],
  ],
  [
    "ValueError: Free memory on device cuda:0 (1.2/19.54 GiB) on startup is less than desired GPU memory utilization (0.9, 17.58 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.",
    "GPU memory is still in use",
    ["gpu_memory_utilization: 0.85"],
  ],
  [
    "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine.",
    "the weights leave no memory",
    ["gpu_memory_utilization: 0.95"],
  ],
  [
    "ValueError: To serve at least one request with the models's max seq len (32768), (6.00 GiB KV cache is needed, which is larger than the available KV cache memory (2.1 GiB). Based on the available memory, the estimated maximum model length is 11472. Try increasing",
    "the context window does not fit",
    ["max_model_len: 11264"],
  ],
  [
    "ValueError: The model's max seq len (32768) is larger than the maximum number of tokens that can be stored in KV cache (11472). Try increasing `gpu_memory_utilization`",
    "the context window does not fit",
    ["max_model_len: 11264"],
  ],
  [
    "RuntimeError: CUDA out of memory occurred when warming up sampler with 1024 dummy requests. Please try lowering `max_num_seqs`",
    "warming up the sampler",
    ["max_num_seqs: 64"],
  ],
  [
    "ValueError: User-specified max_model_len (65536) is greater than the derived max_model_len (max_position_embeddings=32768 or model_max_length=None in model's config.json).",
    "longer than the model's own",
    ["max_model_len: 32768"],
  ],
  [
    "ValueError: Total number of attention heads (40) must be divisible by tensor parallel size (3).",
    "heads cannot be divided",
  ],
  [
    "ValueError: Weight input_size_per_partition = 192 is not divisible by weight quantization block_k = 128.",
    "weights cannot be divided",
  ],
  ["AssertionError: 10 is not divisible by 4", "weights cannot be divided"],
  [
    "ValueError: World size (4) is larger than the number of available GPUs (2) in this node.",
    "fewer GPUs",
  ],
  [
    "ValueError: The quantization method mxfp4 is not supported for the current GPU. Minimum capability: 80. Current capability: 75.",
    "quantisation does not run",
  ],
  [
    "ValueError: Bfloat16 is only supported on GPUs with compute capability of at least 8.0. Your Quadro RTX 6000 GPU has compute capability 7.5.",
    "no bfloat16",
    ["dtype: half"],
  ],
  [
    "ValueError: The model type 'gemma2' does not support float16. Reason: Numerical instability.",
    "does not run in float16",
  ],
  [
    "ValueError: torch.bfloat16 is not supported for quantization method awq. Supported dtypes: [torch.float16]",
    "does not support the precision",
    ["dtype: half"],
  ],
  [
    "  Value error, Quantization method specified in the model config (compressed-tensors) does not match the quantization method specified in the `quantization` argument (awq).",
    "not the checkpoint's",
  ],
  [
    "ValueError: FP8 KV cache is not supported by the Triton attention backend on this device, it requires SM89+.",
    "cannot be FP8",
    ["kv_cache_dtype: auto"],
  ],
  [
    "ValueError: No valid attention backend found for cuda with AttentionSelectorConfig(head_size=128)",
    "no attention backend",
    ["attention_backend: TRITON_ATTN"],
  ],
  [
    "AssertionError: FA2 is only supported on devices with compute capability >= 8",
    "no attention backend",
    ["attention_backend: TRITON_ATTN"],
  ],
  ["OSError: You are trying to access a gated repo.", "gated"],
  [
    "huggingface_hub.errors.GatedRepoError: 403 Client Error. Cannot access gated repo for url https://huggingface.co/a/b",
    "gated",
  ],
  [
    "requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://huggingface.co/a/b",
    "gated",
  ],
  ["huggingface_hub.errors.RepositoryNotFoundError: 404 Client Error.", "does not exist"],
  ["ValueError: Invalid repository ID or local directory specified: 'a/b'", "id is invalid"],
  [
    "ValueError: Model architectures ['Qwen9ForCausalLM'] are not supported for now. Supported architectures: dict_keys([])",
    "architecture",
  ],
  [
    "ValueError: Model architectures ['Qwen9ForCausalLM'] failed to be inspected. Please check the logs for more details.",
    "architecture",
  ],
  [
    "RuntimeError: Failed to load the model config. If the model is a custom model not yet available in the HuggingFace transformers library, consider setting `trust_remote_code=True` in LLM",
    "run its own code",
    ["allow_remote_code: true"],
  ],
  [
    "RuntimeError: The NVIDIA driver on your system is too old (found version 12020).",
    "driver is too old",
  ],
  [
    "torch.AcceleratorError: CUDA error: the provided PTX was compiled with an unsupported toolchain. PTX was compiled with an unsupported toolchain",
    "driver is too old",
  ],
  [
    "RuntimeError: Failed to infer device type, please set the environment variable",
    "does not see the GPU",
  ],
  [
    'docker: Error response from daemon: could not select device driver "" with capabilities: [[gpu]].',
    "does not see the GPU",
  ],
  [
    "RuntimeError: CUDA error: no kernel image is available for execution on the device",
    "no code for this card",
  ],
  [
    "RuntimeError: NCCL error: unhandled system error (run with NCCL_DEBUG=INFO for details)",
    "cannot communicate with each other",
  ],
  ["OSError: [Errno 28] No space left on device", "disk is full"],
  [
    "docker: Error response from daemon: manifest for vllm/vllm-openai:v9 not found: manifest unknown: manifest unknown",
    "image cannot be pulled",
  ],
  [
    "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='huggingface.co', port=443): Read timed out.",
    "download failed",
  ],
  [
    "docker: Error response from daemon: toomanyrequests: You have reached your pull rate limit.",
    "limit on image pulls is reached",
  ],
  [
    "ValueError: max_num_seqs (256) exceeds available Mamba cache blocks (74). Each decode sequence requires one Mamba cache block, so CUDA graph capture cannot proceed. Please lower max_num_seqs to at most 74 or increase gpu_memory_utilization.",
    "the model's states for max_num_seqs sequences do not fit in memory",
    ["max_num_seqs: 74"],
  ],
  [
    "OSError: [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use",
    "the port is still in use",
  ],
];

describe("diagnosing a server that did not start", () => {
  it.each(REAL)("%s: %s", (file, cause, evidence, planLines) => {
    const found = diagnose(fixture(file));
    expect(found.cause).toContain(cause);
    expect(found.evidence).toContain(evidence);
    expect(found.planLines).toEqual(planLines);
    expect(found.evidence).not.toMatch(/^\[|pid=|ERROR \d\d-/);
  });

  it("shutdown_log.txt: a server that was stopped from outside did not fail", () => {
    const found = diagnose(fixture("shutdown_log.txt"), 0);
    expect(found.cause).toBe("the server was stopped from outside");
    expect(found.evidence).toContain("trigger received signal=SIGTERM");
    expect(found.evidence).not.toMatch(/pid=|INFO/);
    const died = diagnose(`ValueError: a cause\n${fixture("shutdown_log.txt")}`);
    expect(died.cause).toBe("unknown: ValueError: a cause");
  });

  it("knows every recorded failure", () => {
    const recorded = readdirSync(folder).filter((name) => name.startsWith("boot_fail_"));
    expect(REAL.map(([file]) => file)).toEqual(recorded.sort());
  });

  it.each(ROWS)("%s", (text, cause, planLines = []) => {
    for (const log of [text, WRAPPED(text), `[  12.1] ${text}\n`]) {
      const found = diagnose(log);
      expect(found.cause).toContain(cause);
      expect(found.evidence).toContain(text.trim().slice(0, 60));
      expect(found.planLines).toEqual(planLines);
      expect(found.remedy).not.toBe("");
    }
  });

  it("has a text for every row of the table, and every row is reached by one", () => {
    const reached = new Set(
      [...ROWS.map(([text]) => text), ...REAL.map(([file]) => fixture(file))].map(
        (log) => diagnose(log).cause,
      ),
    );
    expect(
      [...new Set(FAILURE_SIGNATURES.map((row) => row.cause))].filter((c) => !reached.has(c)),
    ).toEqual([]);
  });

  it("retries only what keeps the configuration", () => {
    const retried = ROWS.filter(([text]) => diagnose(text).retry).map(([, cause]) => cause);
    expect(new Set(retried)).toEqual(
      new Set([
        "GPU memory is still in use",
        "cannot communicate with each other",
        "download failed",
        "the port is still in use",
      ]),
    );
  });

  it("never reports a wrapper, a warning or an information as the cause", () => {
    const log = WRAPPED("ZeroDivisionError: division by zero");
    const found = diagnose(log);
    expect(found.cause).toBe("unknown: ZeroDivisionError: division by zero");
    expect(diagnose("INFO 11-24 02:50:38 [a.py:1] survived: CUDA out of memory\n").cause).toBe(
      "unknown",
    );
  });

  it("keeps the end of an unknown log verbatim", () => {
    const lines = Array.from({ length: 50 }, (_, i) => `something odd ${String(i)}  é`);
    const found = diagnose(`${lines.join("\n")}\n`);
    expect(found).toMatchObject({ cause: "unknown", retry: false, planLines: [] });
    expect(found.evidence).toBe(lines.slice(-30).join("\n"));
  });

  it("recognises a server that the kernel killed by its exit code, unless the log has another cause", () => {
    expect(diagnose("Loading weights\n", 137).cause).toContain("killed");
    expect(diagnose("torch.OutOfMemoryError: CUDA out of memory.\n", 137).cause).toBe(
      "out of GPU memory",
    );
  });

  it("finds no failure in the logs of starts that went well", () => {
    for (const file of ["startup_eager.txt", "startup_compiled.txt"]) {
      expect(diagnose(fixture(file)).cause).toBe("unknown");
    }
  });
});

describe("the facts in a start-up log", () => {
  it("is read from the real log", () => {
    expect(startupFacts(fixture("startup_compiled.txt"))).toEqual({
      dtype: "bfloat16",
      quantization: undefined,
      attentionBackend: undefined,
      settings: {
        max_seq_len: 8192,
        tensor_parallel_size: 1,
        pipeline_parallel_size: 1,
        data_parallel_size: 1,
        kv_cache_dtype: "auto",
        enforce_eager: false,
        enable_prefix_caching: true,
        enable_chunked_prefill: true,
        load_format: "auto",
        seed: 0,
        max_num_seqs: 64,
      },
    });
  });

  it("is read with quantisation and attention backend, and is undefined where nothing was said", () => {
    const log = [
      "(APIServer pid=1) INFO 11-24 02:32:10 [api_utils.py:286] non-default args: {'model': 'a/b', 'disable_custom_all_reduce': True}",
      "(EngineCore pid=1) INFO 11-24 02:32:16 [core.py:133] Initializing a V1 LLM engine (v0.27.1) with config: model='a/b', dtype=torch.float16, quantization=awq_marlin, seed=0",
      "(Worker pid=2) INFO 11-24 02:32:20 [cuda.py:300] Using TRITON_ATTN attention backend out of potential backends: ['TRITON_ATTN']",
    ].join("\n");
    expect(startupFacts(log)).toEqual({
      dtype: "float16",
      quantization: "awq_marlin",
      attentionBackend: "TRITON_ATTN",
      settings: { seed: 0, disable_custom_all_reduce: true },
    });
    expect(startupFacts("")).toEqual({ settings: {} });
  });
});
