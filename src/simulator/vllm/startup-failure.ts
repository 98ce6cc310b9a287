import type { GpuType } from "../../catalog/gpu-types.ts";
import type { ModelFacts, Quantization } from "../../catalog/models.ts";
import type { ServeJson } from "../../machine/agent-protocol.ts";
import type { MemoryPlan } from "./memory-plan.ts";
import { architecture, type LogLine } from "./vllm-log.ts";

/** Why vLLM does not come up, and when it notices. */
export interface StartupFailure {
  /** `config`: before the download. `weights`: while they go to the GPU. `cache`: when they are there. */
  readonly at: "config" | "weights" | "cache";
  readonly lines: readonly LogLine[];
}

export interface StartupQuestion {
  readonly request: ServeJson;
  readonly gpu: GpuType;
  readonly model: ModelFacts;
  readonly plan: MemoryPlan;
  readonly hasSecret: boolean;
  /** Fault scripts that hold for this server. */
  readonly forced: "out-of-memory" | "gated" | undefined;
}

/** Lowest compute capability of the quantisation kernels, of vLLM 0.17 and later. */
const CAPABILITY_FLOOR: Record<Quantization, number> = {
  none: 70,
  awq: 75,
  gptq: 60,
  fp8: 75,
  mxfp4: 80,
  "compressed-tensors": 75,
};
const KNOWN_AS: Record<Quantization, readonly string[]> = {
  none: ["fp8"],
  awq: ["awq", "awq_marlin", "moe_wna16"],
  gptq: ["gptq", "gptq_marlin", "moe_wna16"],
  fp8: ["fp8"],
  mxfp4: ["mxfp4", "gpt_oss_mxfp4"],
  "compressed-tensors": ["compressed-tensors"],
};

/** The first thing that is wrong, in the order in which vLLM looks. */
export function startupFailure(question: StartupQuestion): StartupFailure | undefined {
  return (
    hubFailure(question) ??
    configFailure(question) ??
    weightsFailure(question) ??
    cacheFailure(question)
  );
}

function hubFailure({ request, model, hasSecret, forced }: StartupQuestion) {
  const url = `https://huggingface.co/${request.model}/resolve/main/config.json`;
  if (!/^[\w.-]+\/[\w.-]+$/.test(request.model))
    return configError(
      `huggingface_hub.errors.HFValidationError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': '${request.model}'. Use \`repo_type\` argument if needed.`,
    );
  if (forced !== "gated" && (!model.gated || hasSecret)) return undefined;
  const [code, why] = hasSecret
    ? ["403", "Access to model is restricted and you are not in the authorized list. Visit"]
    : [
        "401",
        "Access to model is restricted. You must have access to it and be authenticated. Visit",
      ];
  return configError(
    `huggingface_hub.errors.GatedRepoError: ${code} Client Error.`,
    `Cannot access gated repo for url ${url}.`,
    `${why} https://huggingface.co/${request.model} to ask for access.`,
    "The above exception was the direct cause of the following exception:",
    "OSError: You are trying to access a gated repo.",
    `Make sure to have access to it at https://huggingface.co/${request.model}.`,
  );
}

function configFailure({ request, gpu, model }: StartupQuestion): StartupFailure | undefined {
  const { card } = gpu;
  const capability = card.computeCapability;
  const tensor = request.tensor_parallel_size;
  const world = tensor * request.pipeline_parallel_size;
  const floor = CAPABILITY_FLOOR[model.quantization];
  if (request.max_model_len > model.maxPosition)
    return invalidConfig(
      "ModelConfig",
      `User-specified max_model_len (${request.max_model_len}) is greater than the derived max_model_len (max_position_embeddings=${model.maxPosition.toFixed(1)} or model_max_length=None in model's config.json). To allow overriding this maximum, set the env var VLLM_ALLOW_LONG_MAX_MODEL_LEN=1. VLLM_ALLOW_LONG_MAX_MODEL_LEN must be used with extreme caution.`,
    );
  if (request.quantization !== null && !KNOWN_AS[model.quantization].includes(request.quantization))
    return invalidConfig(
      "ModelConfig",
      `Quantization method specified in the model config (${model.quantization}) does not match the quantization method specified in the \`quantization\` argument (${request.quantization}).`,
    );
  if (request.dtype === "bfloat16" && capability < 80)
    return configError(
      `ValueError: Bfloat16 is only supported on GPUs with compute capability of at least 8.0. Your ${card.name} GPU has compute capability ${(capability / 10).toFixed(1)}. You can use float16 instead by explicitly setting the \`dtype\` flag in CLI, for example: --dtype=half.`,
    );
  if (["half", "float16"].includes(request.dtype) && !model.float16)
    return invalidConfig(
      "ModelConfig",
      `The model type '${architecture(request.model)}' does not support float16. Reason: Numerical instability. Please use bfloat16 or float32 instead.`,
    );
  if (model.heads % tensor !== 0)
    return invalidConfig(
      "VllmConfig",
      `Total number of attention heads (${model.heads}) must be divisible by tensor parallel size (${tensor}).`,
    );
  if (world > gpu.gpus)
    return invalidConfig(
      "ParallelConfig",
      `World size (${world}) is larger than the number of available GPUs (${gpu.gpus}) in this node. If this is intentional and you are using: - ray, set '--distributed-executor-backend ray'.`,
    );
  if (capability < floor)
    return invalidConfig(
      "VllmConfig",
      `The quantization method ${model.quantization} is not supported for the current GPU. Minimum capability: ${floor}. Current capability: ${capability}.`,
    );
  if (request.attention_backend === "FLASH_ATTN" && capability < 80)
    return configError(
      "ValueError: Selected backend AttentionBackendEnum.FLASH_ATTN is not valid for this configuration. Reason: ['compute capability not supported']. FA2 is only supported on devices with compute capability >= 8",
    );
  if (request.kv_cache_dtype?.startsWith("fp8") === true && capability < 89)
    return configError(
      `ValueError: FP8 KV cache is not supported by the Triton attention backend on compute capability ${(capability / 10).toFixed(1)}: it requires SM89+.`,
    );
  return undefined;
}

function weightsFailure({ request, gpu, model, plan, forced }: StartupQuestion) {
  const tensor = request.tensor_parallel_size;
  const kvFits =
    model.mla ||
    (model.kvHeads >= tensor ? model.kvHeads % tensor === 0 : tensor % model.kvHeads === 0);
  if (!kvFits)
    return engineError("weights", `AssertionError: ${model.kvHeads} is not divisible by ${tensor}`);
  if (tensor > (model.largestTensorParallel ?? tensor))
    return engineError(
      "weights",
      `ValueError: Weight input_size_per_partition = ${Math.round(model.hidden / tensor)} is not divisible by min_thread_k = 128. Consider reducing tensor_parallel_size or running with --quantization gptq.`,
    );
  if (forced !== "out-of-memory" && plan.weightsGib < plan.usableGib) return undefined;
  const free = Math.max(0.02, plan.usableGib - plan.weightsGib).toFixed(2);
  return engineError(
    "weights",
    `torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 270.00 MiB. GPU 0 has a total capacity of ${(plan.usableGib + 0.5).toFixed(2)} GiB of which ${free} GiB is free. Including non-PyTorch memory, this process has ${plan.usableGib.toFixed(2)} GiB memory in use.`,
    `ValueError: Failed to load model - not enough GPU memory. Try lowering --gpu-memory-utilization to free memory for weights, increasing --tensor-parallel-size, or using --quantization. See https://docs.vllm.ai/en/latest/configuration/conserving_memory/ for more tips. (${gpu.card.name})`,
  );
}

function cacheFailure({ request, plan }: StartupQuestion): StartupFailure | undefined {
  if (plan.cacheGib <= 0)
    return engineError(
      "cache",
      "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine. See https://docs.vllm.ai/en/latest/configuration/conserving_memory/ for more details.",
    );
  if (plan.cacheTokens >= request.max_model_len) return undefined;
  const needed = (request.max_model_len * plan.gibPerToken).toFixed(2);
  return engineError(
    "cache",
    `ValueError: To serve at least one request with the model's max seq len (${request.max_model_len}), (${needed} GiB KV cache is needed, which is larger than the available KV cache memory (${plan.cacheGib.toFixed(2)} GiB). Based on the available memory, the estimated maximum model length is ${plan.cacheTokens - (plan.cacheTokens % 16)}. Try increasing \`gpu_memory_utilization\` (which also controls CPU memory on the CPU backend) or decreasing \`max_model_len\` when initializing the engine. See https://docs.vllm.ai/en/latest/configuration/conserving_memory/ for more details.`,
  );
}

const PACKAGES = "/usr/local/lib/python3.12/dist-packages/vllm";
const raw = (texts: readonly string[]): LogLine[] => texts.map((text) => ({ text }));
const TRACEBACK = [
  "Traceback (most recent call last):",
  `  File "/usr/local/bin/vllm", line 10, in <module>`,
  "    sys.exit(main())",
  `  File "${PACKAGES}/entrypoints/cli/serve.py", line 156, in cmd`,
  "    uvloop.run(run_server(args))",
];

/** In the API server, before there is an engine. */
function configError(...cause: readonly string[]): StartupFailure {
  return {
    at: "config",
    lines: raw([
      ...TRACEBACK,
      `  File "${PACKAGES}/engine/arg_utils.py", line 2240, in create_engine_config`,
      "    model_config = self.create_model_config()",
      ...cause,
    ]),
  };
}

function invalidConfig(model: string, message: string): StartupFailure {
  return configError(
    `pydantic_core._pydantic_core.ValidationError: 1 validation error for ${model}`,
    `  Value error, ${message} [type=value_error, input_value=ArgsKwargs((), {'model': ...nderer_num_workers': 1}), input_type=ArgsKwargs]`,
    "    For further information visit https://errors.pydantic.dev/2.14/v/value_error",
  );
}

/** In the engine's process; the API server then says only that the engine failed. */
function engineError(at: "weights" | "cache", ...cause: readonly string[]): StartupFailure {
  const error = (text: string): LogLine => ({
    process: "EngineCore",
    level: "ERROR",
    source: "core.py:1510",
    text,
  });
  return {
    at,
    lines: [
      error("EngineCore failed to start."),
      error("Traceback (most recent call last):"),
      error(`  File "${PACKAGES}/v1/engine/core.py", line 1482, in run_engine_core`),
      error("    engine_core = EngineCoreProc(*args, engine_index=dp_rank, **kwargs)"),
      ...cause.map(error),
      ...raw([
        "Process EngineCore:",
        "Traceback (most recent call last):",
        ...cause,
        ...TRACEBACK,
        `  File "${PACKAGES}/v1/engine/utils.py", line 1431, in wait_for_engine_startup`,
        "    raise RuntimeError(",
        "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}",
      ]),
    ],
  };
}
