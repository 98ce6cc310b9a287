import type { ServeJson } from "../../machine/agent-protocol.ts";
import type { GpuType } from "../../catalog/gpu-types.ts";
import type { ModelFacts, Quantization } from "../../catalog/models.ts";
import type { MemoryPlan } from "./memory-plan.ts";

type LogLevel = "INFO" | "WARNING" | "ERROR";

/** One line: with a process it gets vLLM's prefix, without one it is raw. */
export interface LogLine {
  readonly process?: "APIServer" | "EngineCore" | "Worker";
  readonly level?: LogLevel;
  readonly source?: string;
  readonly text: string;
}

const PIDS = { APIServer: 1, EngineCore: 162, Worker: 187 } as const;

/** As vLLM's formatter writes it; the time is the container's, UTC. */
export function renderLine(line: LogLine, epochMs: number): string {
  if (line.process === undefined) return line.text;
  const [, month, day, time] = /^\d+-(\d+)-(\d+)T([\d:]+)/.exec(new Date(epochMs).toISOString())!;
  return `(${line.process} pid=${String(PIDS[line.process])}) ${line.level ?? "INFO"} ${month!}-${day!} ${time!} [${line.source ?? "core.py:1"}] ${line.text}`;
}

const api = (source: string, text: string, level: LogLevel = "INFO"): LogLine => ({
  process: "APIServer",
  level,
  source,
  text,
});
const engine = (source: string, text: string, level: LogLevel = "INFO"): LogLine => ({
  process: "EngineCore",
  level,
  source,
  text,
});
const worker = (source: string, text: string, level: LogLevel = "INFO"): LogLine => ({
  process: "Worker",
  level,
  source,
  text,
});

/** Before anything is read of the model. */
export function bannerLines(request: ServeJson, version: string): LogLine[] {
  const logo = [
    "",
    "       █     █     █▄   ▄█",
    ` ▄▄ ▄█ █     █     █ ▀▄▀ █  version ${version}`,
    `  █▄█▀ █     █     █     █  model   ${request.model}`,
    "   ▀▀  ▀▀▀▀▀ ▀▀▀▀▀ ▀     ▀",
    "",
  ];
  const settings: Readonly<Record<string, unknown>> = {
    model_tag: request.model,
    enable_prompt_tokens_details: true,
    host: "127.0.0.1",
    model: request.model,
    revision: request.revision,
    dtype: request.dtype === "auto" ? null : request.dtype,
    max_model_len: request.max_model_len,
    quantization: request.quantization,
    enforce_eager: request.enforce_eager ? true : null,
    tensor_parallel_size: request.tensor_parallel_size > 1 ? request.tensor_parallel_size : null,
    pipeline_parallel_size:
      request.pipeline_parallel_size > 1 ? request.pipeline_parallel_size : null,
    gpu_memory_utilization: request.gpu_memory_utilization,
    max_num_seqs: request.max_num_seqs,
    stream_interval: request.stream_interval,
  };
  const given = Object.entries(settings).filter(([, value]) => value !== null);
  return [
    ...logo.map((text) => api("api_utils.py:347", text)),
    api(
      "api_utils.py:286",
      `non-default args: {${given.map(([name, value]) => `'${name}': ${python(value)}`).join(", ")}}`,
    ),
  ];
}

/** What vLLM makes of a request on a card. */
export interface ResolvedConfig {
  readonly dtype: string;
  readonly quantization: string | null;
  readonly attentionBackend: string;
  readonly warning: string | undefined;
}

const KERNEL: Record<Quantization, string | null> = {
  none: null,
  awq: "awq_marlin",
  gptq: "gptq_marlin",
  fp8: "fp8",
  mxfp4: "mxfp4",
  "compressed-tensors": "compressed-tensors",
};

export function resolveConfig(request: ServeJson, gpu: GpuType, model: ModelFacts): ResolvedConfig {
  const { name, computeCapability } = gpu.card;
  const turing = computeCapability < 80;
  const asked = { half: "float16", float: "float32", auto: turing ? "float16" : "bfloat16" };
  return {
    dtype: asked[request.dtype as keyof typeof asked] ?? request.dtype,
    quantization: request.quantization ?? KERNEL[model.quantization],
    attentionBackend: request.attention_backend ?? (turing ? "TRITON_ATTN" : "FLASH_ATTN"),
    warning:
      turing && request.dtype === "auto"
        ? `Your device '${name}' (with compute capability ${(computeCapability / 10).toFixed(1)}) doesn't support torch.bfloat16. Falling back to torch.float16 for compatibility.`
        : undefined,
  };
}

/** The configuration is good; the engine's process starts. */
export function configuredLines(
  request: ServeJson,
  version: string,
  resolved: ResolvedConfig,
): LogLine[] {
  const { dtype, quantization, attentionBackend, warning } = resolved;
  return [
    api("model.py:733", `Resolved architecture: ${architecture(request.model)}`),
    ...(warning === undefined ? [] : [api("model.py:1810", warning, "WARNING")]),
    api("model.py:2152", `Using max model len ${String(request.max_model_len)}`),
    engine(
      "core.py:133",
      `Initializing a V1 LLM engine (v${version}) with config: model='${request.model}', speculative_config=None, tokenizer='${request.model}', skip_tokenizer_init=False, tokenizer_mode=auto, revision=${python(request.revision)}, tokenizer_revision=None, trust_remote_code=${python(request.trust_remote_code)}, dtype=torch.${dtype}, max_seq_len=${String(request.max_model_len)}, download_dir=None, load_format=auto, tensor_parallel_size=${String(request.tensor_parallel_size)}, pipeline_parallel_size=${String(request.pipeline_parallel_size)}, data_parallel_size=1, disable_custom_all_reduce=False, quantization=${quantization ?? "None"}, enforce_eager=${python(request.enforce_eager)}, kv_cache_dtype=${request.kv_cache_dtype ?? "auto"}, device_config=cuda, seed=0, served_model_name=${request.model}, enable_prefix_caching=True, enable_chunked_prefill=True`,
    ),
    worker(
      "parallel_state.py:2350",
      "rank 0 in world size 1 is assigned as DP rank 0, PP rank 0, TP rank 0, EP rank N/A",
    ),
    worker(
      "cuda.py:412",
      `Using ${attentionBackend} attention backend out of potential backends: ['FLASH_ATTN', 'FLASHINFER', 'TRITON_ATTN', 'FLEX_ATTENTION']`,
    ),
    worker("gpu_model_runner.py:4120", `Starting to load model ${request.model}...`),
  ];
}

export function weightsLines(plan: MemoryPlan, seconds: number, shards: number): LogLine[] {
  const each = (seconds / shards).toFixed(2);
  return [
    ...Array.from({ length: shards + 1 }, (_, done) => ({
      text: `Loading safetensors checkpoint shards: ${String(Math.round((100 * done) / shards)).padStart(3)}% Completed | ${String(done)}/${String(shards)} [${clockText((seconds * done) / shards)}<${clockText(seconds - (seconds * done) / shards)},  ${each}s/it]`,
    })),
    { text: "" },
    worker("default_loader.py:501", `Loading weights took ${seconds.toFixed(2)} seconds`),
    worker(
      "gpu_model_runner.py:4190",
      `Model loading took ${plan.weightsGib.toFixed(2)} GiB memory and ${(seconds + 1.1).toFixed(6)} seconds`,
    ),
  ];
}

export function readyLines(request: ServeJson, plan: MemoryPlan, initSeconds: number): LogLine[] {
  const concurrency = plan.cacheTokens / request.max_model_len;
  return [
    worker("gpu_worker.py:424", `Available KV cache memory: ${plan.cacheGib.toFixed(2)} GiB`),
    engine(
      "kv_cache_utils.py:2327",
      `GPU KV cache size: ${plan.cacheTokens.toLocaleString("en-US")} tokens, Maximum concurrency for ${request.max_model_len.toLocaleString("en-US")} tokens per request: ${concurrency.toFixed(2)}x`,
    ),
    ...(request.enforce_eager
      ? []
      : [
          worker(
            "gpu_model_runner.py:5480",
            `Graph capturing finished in ${(initSeconds * 0.3).toFixed(0)} secs, took 0.53 GiB`,
          ),
        ]),
    engine(
      "core.py:402",
      `init engine (profile, create kv cache, warmup model) took ${initSeconds.toFixed(2)} s`,
    ),
    api("entry.py:136", "Supported tasks: ['generate']"),
    api("entry.py:140", "Starting vLLM server on http://127.0.0.1:8000"),
    api("launcher.py:186", "Available routes are:"),
    ...["/health", "/metrics", "/tokenize", "/v1/models", "/v1/chat/completions"].map((route) =>
      api(
        "launcher.py:195",
        `Route: ${route}, Methods: ${route.includes("/v1/c") ? "POST" : "GET"}`,
      ),
    ),
    { text: "INFO:     Started server process [1]" },
    { text: "INFO:     Waiting for application startup." },
    { text: "INFO:     Application startup complete." },
  ];
}

export interface Throughput {
  readonly promptPerSecond: number;
  readonly generationPerSecond: number;
  readonly running: number;
  readonly waiting: number;
  readonly cacheUsage: number;
  readonly hitRate: number;
}

export function throughputLine(now: Throughput): LogLine {
  return api(
    "loggers.py:310",
    `Engine 000: Avg prompt throughput: ${now.promptPerSecond.toFixed(1)} tokens/s, Avg generation throughput: ${now.generationPerSecond.toFixed(1)} tokens/s, Running: ${String(now.running)} reqs, Waiting: ${String(now.waiting)} reqs, GPU KV cache usage: ${(100 * now.cacheUsage).toFixed(1)}%, Prefix cache hit rate: ${(100 * now.hitRate).toFixed(1)}%`,
  );
}

/** The engine's process is gone in the middle of its work. */
export function engineDiedLines(): LogLine[] {
  return [
    engine("core.py:1540", "EngineCore encountered a fatal error.", "ERROR"),
    engine("core.py:1540", "Traceback (most recent call last):", "ERROR"),
    engine(
      "core.py:1540",
      "torch.AcceleratorError: CUDA error: an illegal memory access was encountered",
      "ERROR",
    ),
    api("async_llm.py:704", "AsyncLLM output_handler failed.", "ERROR"),
    api(
      "async_llm.py:704",
      "vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue. See stack trace (above) for the root cause.",
      "ERROR",
    ),
    { text: "INFO:     Shutting down" },
    { text: "INFO:     Waiting for application shutdown." },
    { text: "INFO:     Application shutdown complete." },
    { text: "INFO:     Finished server process [1]" },
  ];
}

/** Number of files that a checkpoint of this size is cut into on the hub. */
export function shardsOf(model: ModelFacts): number {
  return Math.max(1, Math.ceil(model.checkpointGib / 4.6));
}

export function architecture(model: string): string {
  const name = model.toLowerCase();
  if (name.includes("gpt-oss")) return "GptOssForCausalLM";
  if (/qwen3\.\d/.test(name)) return "Qwen3_5ForConditionalGeneration";
  if (/qwen3.*a3b/.test(name)) return "Qwen3MoeForCausalLM";
  if (name.includes("qwen3")) return "Qwen3ForCausalLM";
  if (name.includes("qwen2")) return "Qwen2ForCausalLM";
  if (name.includes("phi")) return "Phi3ForCausalLM";
  if (/mistral|devstral|codestral/.test(name)) return "MistralForCausalLM";
  return "LlamaForCausalLM";
}

function clockText(seconds: number): string {
  const whole = Math.round(seconds);
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`;
}

function python(value: unknown): string {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  return typeof value === "string" ? `'${value}'` : JSON.stringify(value);
}
