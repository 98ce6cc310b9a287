import type { VllmConfig } from "../evidence/record.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import type { Clock } from "../support/clock.ts";
import { NoAnswerError } from "./connection.ts";
import type { Connection, ServerUnderTest } from "./connection.ts";
import { httpClient } from "./http-client.ts";
import type { HttpClient } from "./http-client.ts";
import { parsePrometheus } from "./prometheus.ts";
import { probeCompletion, rootPath, servedModels, vllmVersion } from "./server-api.ts";
import type { ServedModel } from "./server-api.ts";

/** A running server and what it says of itself. */
export interface DescribedServer {
  readonly server: ServerUnderTest;
  /** The model's repository where the server tells it, else the name under which it is served. */
  readonly modelId: string;
  /** Only what was read. */
  readonly vllm: VllmConfig;
}

/**
 * Asks a server that somebody else has started what it serves. `wanted` is a served name or a repository; left out,
 * the first model that it lists.
 * @throws SweepError when it does not answer, serves another model, or is no vLLM; what `open` threw, or the
 * signal's reason.
 */
export async function describeServer(
  connection: Connection,
  wanted: string | undefined,
  clock: Clock,
  signal: AbortSignal,
): Promise<DescribedServer> {
  const client = httpClient(connection, clock);
  try {
    const models = await servedModels(client, connection.basePath, signal);
    const model = choose(models, wanted);
    const version = await vllmVersion(client, connection.basePath, signal);
    const { maxModelLen, id } = model;
    if (maxModelLen === undefined)
      throw notMeasurable("it does not tell its window (max_model_len), as vLLM does");
    const fingerprint = await probeCompletion(client, connection.basePath, id, signal);
    const tensorParallel = /^vllm-.*-tp(\d+)-/.exec(fingerprint ?? "")?.[1];
    return {
      server: { ...connection, model: id, maxModelLen },
      modelId: repository(model) ?? id,
      vllm: {
        max_model_len: maxModelLen,
        ...(version === undefined ? {} : { vllm_version: version }),
        ...(tensorParallel === undefined ? {} : { tensor_parallel_size: Number(tensorParallel) }),
        ...(await cacheConfig(client, connection.basePath, signal)),
        ...(fingerprint === undefined ? {} : { system_fingerprint: fingerprint }),
      },
    };
  } catch (error) {
    throw error instanceof NoAnswerError ? notMeasurable(error.message, error.status) : error;
  } finally {
    client.close();
  }
}

function choose(models: readonly ServedModel[], wanted: string | undefined): ServedModel {
  const model =
    wanted === undefined
      ? models[0]
      : (models.find(({ id }) => id === wanted) ?? models.find(({ root }) => root === wanted));
  if (model !== undefined) return model;
  if (models.length === 0) throw notMeasurable("it serves no model");
  throw new SweepError(`the server does not serve ${String(wanted)}`, {
    exitCode: ExitCode.usage,
    reason: `it serves ${models.map(({ id }) => id).join(", ")}`,
    hint: "name one of these with --model, or none for the first",
  });
}

/** A path on the server's disk says nothing to anybody else. */
function repository({ root }: ServedModel): string | undefined {
  return root !== undefined && /^[\w.-]+\/[\w.-]+$/.test(root) ? root : undefined;
}

/** What the engine's gauge `vllm:cache_config_info` says; empty where there is none. */
async function cacheConfig(
  client: HttpClient,
  basePath: string,
  signal: AbortSignal,
): Promise<Record<string, string | number | boolean>> {
  const reply = await client.get(`${rootPath(basePath)}/metrics`, signal);
  const labels = parsePrometheus(reply.body).find(
    ({ name }) => name === "vllm:cache_config_info",
  )?.labels;
  const utilisation = Number(labels?.["gpu_memory_utilization"]);
  const cacheType = labels?.["cache_dtype"];
  const prefixes = labels?.["enable_prefix_caching"];
  return {
    ...(Number.isFinite(utilisation) ? { gpu_memory_utilization: utilisation } : {}),
    ...(cacheType === undefined ? {} : { kv_cache_dtype: cacheType }),
    ...(prefixes === undefined ? {} : { enable_prefix_caching: prefixes === "True" }),
  };
}

function notMeasurable(reason: string, status?: number): SweepError {
  return new SweepError("the server cannot be benchmarked", {
    exitCode: ExitCode.provider,
    reason,
    hint: hintFor(status),
  });
}

/** `status`: of the refusal; undefined when there was no answer. */
function hintFor(status: number | undefined): string {
  if (status === 401 || status === 403) return "give its key in OPENAI_API_KEY";
  if (status === 400 || status === 422)
    return "the server is there but refuses a chat: name another model with --model, or start vLLM with a --chat-template that suits this one";
  if (status !== undefined && status >= 500)
    return "the server is there but cannot serve: its own log says why";
  return "check that a vLLM listens there and that its address ends in /v1";
}
