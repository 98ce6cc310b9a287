import type { ServeJson } from "../../machine/agent-protocol.ts";
import type { GpuType } from "../../catalog/gpu-types.ts";
import type { ModelFacts, Quantization } from "../../catalog/models.ts";
import type { Engine } from "./engine.ts";
import { logPassage } from "./log-passages.ts";
import type { MemoryPlan } from "./memory-plan.ts";

/** The facts about a start of vLLM that appear in its log. */
export interface StartFacts {
  readonly request: ServeJson;
  readonly version: string;
  readonly gpu: GpuType;
  readonly model: ModelFacts;
  readonly plan: MemoryPlan;
}

/** The kernels that vLLM chooses for a checkpoint's quantization. */
const KERNEL: Record<Quantization, string> = {
  none: "None",
  awq: "awq_marlin",
  gptq: "gptq_marlin",
  fp8: "fp8",
  mxfp4: "mxfp4",
  "compressed-tensors": "compressed-tensors",
};
/** Maximum size of a checkpoint's files on the Hub. */
const SHARD_GIB = 4.6;
/** Share of the engine's start that is used for capturing graphs. */
const GRAPHS = 0.3;

/** The log before the model's configuration is read. */
export function banner({ request, version }: StartFacts): string {
  const parallel = (size: number): number | null => (size > 1 ? size : null);
  const settings: Readonly<Record<string, PythonValue>> = {
    model_tag: request.model,
    enable_prompt_tokens_details: true,
    host: "127.0.0.1",
    model: request.model,
    revision: request.revision,
    dtype: request.dtype === "auto" ? null : request.dtype,
    max_model_len: request.max_model_len,
    quantization: request.quantization,
    enforce_eager: request.enforce_eager ? true : null,
    tensor_parallel_size: parallel(request.tensor_parallel_size),
    pipeline_parallel_size: parallel(request.pipeline_parallel_size),
    gpu_memory_utilization: request.gpu_memory_utilization,
    max_num_seqs: request.max_num_seqs,
    disable_custom_all_reduce: request.disable_p2p ? true : null,
    stream_interval: request.stream_interval,
  };
  const given = Object.entries(settings).flatMap(([name, value]) =>
    value === null ? [] : [`'${name}': ${python(value)}`],
  );
  return logPassage("banner", {
    version,
    model: request.model,
    arguments: `{${given.join(", ")}}`,
  });
}

/** The log once the checkpoint is downloaded and the engine's process starts. */
export function configured({ request, version, gpu, model }: StartFacts): string {
  const { name: card, computeCapability } = gpu.card;
  const turing = computeCapability < 80;
  const asked = { half: "float16", float: "float32", auto: turing ? "float16" : "bfloat16" };
  const capability = (computeCapability / 10).toFixed(1);
  const warning =
    turing && request.dtype === "auto" ? logPassage("no bfloat16", { card, capability }) : "";
  return (
    warning +
    logPassage("configured", {
      version,
      model: request.model,
      max_model_len: request.max_model_len,
      revision: python(request.revision),
      trust_remote_code: python(request.trust_remote_code),
      dtype: asked[request.dtype as keyof typeof asked] ?? request.dtype,
      tensor_parallel_size: request.tensor_parallel_size,
      pipeline_parallel_size: request.pipeline_parallel_size,
      quantization: request.quantization ?? KERNEL[model.quantization],
      enforce_eager: python(request.enforce_eager),
      kv_cache_dtype: request.kv_cache_dtype ?? "auto",
      attention_backend: request.attention_backend ?? (turing ? "TRITON_ATTN" : "FLASH_ATTN"),
    })
  );
}

export function weightsLoaded({ model, plan }: StartFacts, seconds: number): string {
  const shards = Math.max(1, Math.ceil(model.checkpointGib / SHARD_GIB));
  return logPassage("weights loaded", {
    shards,
    minutes: new Date(seconds * 1000).toISOString().slice(14, 19),
    seconds: seconds.toFixed(2),
    seconds_each: (seconds / shards).toFixed(2),
    weights_gib: plan.weightsGib.toFixed(2),
  });
}

export function cacheAllocated({ request, plan }: StartFacts): string {
  return logPassage("cache allocated", {
    cache_gib: plan.cacheGib.toFixed(2),
    cache_tokens: plan.cacheTokens.toLocaleString("en-US"),
    window: request.max_model_len.toLocaleString("en-US"),
    concurrency: (plan.cacheTokens / request.max_model_len).toFixed(2),
  });
}

/** @param seconds time since the weights were loaded */
export function ready({ request }: StartFacts, seconds: number): string {
  const graphs = request.enforce_eager
    ? ""
    : logPassage("graphs captured", { graph_seconds: (GRAPHS * seconds).toFixed(0) });
  return graphs + logPassage("ready", { seconds: seconds.toFixed(2) });
}

/** The line that a running server writes every ten seconds: rates since `before`, which was `seconds` ago. */
export function throughput(
  { metrics, running, waiting, cacheUsage }: Engine,
  before: Engine["metrics"]["counts"],
  seconds: number,
): string {
  const { prompt, cached, generation } = metrics.counts;
  return logPassage("throughput", {
    prompt_rate: ((prompt - before.prompt) / seconds).toFixed(1),
    generation_rate: ((generation - before.generation) / seconds).toFixed(1),
    running: running.length,
    waiting,
    cache_percent: (100 * cacheUsage).toFixed(1),
    hit_percent: (prompt === 0 ? 0 : (100 * cached) / prompt).toFixed(1),
  });
}

type PythonValue = string | number | boolean | null;

function python(value: PythonValue): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string" ? `'${value}'` : String(value);
}
