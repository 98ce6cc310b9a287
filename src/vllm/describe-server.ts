import type { VllmConfig } from "../evidence/record.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import type { Clock } from "../support/clock.ts";
import { NoAnswerError, UnreachableError } from "./connection.ts";
import type { Connection, ServerUnderTest } from "./connection.ts";
import { httpClient } from "./http-client.ts";
import { probeCompletion, rootPath, servedModels, vllmVersion } from "./server-api.ts";
import type { ServedModel } from "./server-api.ts";
import { cacheFacts, serverConfig } from "./server-config.ts";

/** A running server, described by its own API. */
export interface DescribedServer {
  readonly server: ServerUnderTest;
  /** The model's repository if the server names it, otherwise the served name. */
  readonly modelId: string;
  /** Has only the fields that could be read. */
  readonly vllm: VllmConfig;
  /** Identifies the server's settings if only its API is known. */
  readonly serverConfig: string;
}

/**
 * Reads a running server's model and settings.
 * @param wanted a served name or a repository; default the first model that the server lists
 * @throws SweepError if the server cannot be reached, does not answer, does not serve the model, or is not a vLLM;
 * otherwise what `open` threw, or the signal's reason
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
      throw notMeasurable("/v1/models has no context window (max_model_len), unlike that of vLLM");
    const fingerprint = await probeCompletion(client, connection.basePath, id, signal);
    const metrics = (await client.get(`${rootPath(connection.basePath)}/metrics`, signal)).body;
    const tensorParallel = /^vllm-.*-tp(\d+)-/.exec(fingerprint ?? "")?.[1];
    return {
      server: { ...connection, model: id, repository: repository(model), maxModelLen },
      modelId: repository(model) ?? id,
      serverConfig: serverConfig(metrics, fingerprint),
      vllm: {
        max_model_len: maxModelLen,
        ...(version === undefined ? {} : { vllm_version: version }),
        ...(tensorParallel === undefined ? {} : { tensor_parallel_size: Number(tensorParallel) }),
        ...cacheFacts(metrics),
        ...(fingerprint === undefined ? {} : { system_fingerprint: fingerprint }),
      },
    };
  } catch (error) {
    if (error instanceof UnreachableError) throw unreachable(error);
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
    hint: "name one of these with --model, or omit --model to use the first",
  });
}

/** @returns undefined for a path on the server's disk, which does not identify a model */
function repository({ root }: ServedModel): string | undefined {
  return root !== undefined && /^[\w.-]+\/[\w.-]+$/.test(root) ? root : undefined;
}

function unreachable({ host, reason }: UnreachableError): SweepError {
  return new SweepError(`${host} cannot be reached`, {
    exitCode: ExitCode.provider,
    reason,
    hint: "check that the server runs and that --api-base names its address and port",
  });
}

function notMeasurable(reason: string, status?: number): SweepError {
  return new SweepError("the server cannot be benchmarked", {
    exitCode: ExitCode.provider,
    reason,
    hint: hintFor(status),
  });
}

/** @param status undefined without a reply */
function hintFor(status: number | undefined): string {
  if (status === 401 || status === 403) return "give its key in OPENAI_API_KEY";
  if (status === 400 || status === 422)
    return "the server refuses chat requests: name another model with --model, or start vLLM with a suitable --chat-template";
  if (status !== undefined && status >= 500)
    return "the server fails to answer: see its own log for the reason";
  return "check that a vLLM server listens at this address and that the address ends in /v1";
}
