import { factsFromHub, readHubInfo, type KnownModel } from "../plan/facts-from-hub.ts";
import { errorText } from "../support/errors.ts";

export interface Hub {
  /** `https://huggingface.co`, or the value of `HF_ENDPOINT`. */
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 15_000;

/** Reads a model's sizes at its newest commit from the Hub. @returns the reason as text if they cannot be read */
export async function fetchModel(id: string, hub: Hub): Promise<KnownModel | string> {
  const path = id.split("/").map(encodeURIComponent).join("/");
  try {
    const reply = await get(`/api/models/${path}?blobs=true`, hub);
    if (typeof reply === "number") return refusal(reply, false, hub);
    const info = readHubInfo(reply.body);
    if (info === undefined) return "the Hub's answer could not be read";
    const gated = info.gated !== false;
    const config = await get(`/${path}/resolve/${info.sha}/config.json`, hub);
    if (typeof config === "number")
      return config === 404
        ? "it has no config.json, so vLLM cannot serve it"
        : refusal(config, gated, hub);
    const index = await get(`/${path}/resolve/${info.sha}/model.safetensors.index.json`, hub);
    return factsFromHub(
      info,
      config.body,
      typeof index === "number" ? undefined : totalSize(index.body),
    );
  } catch (error) {
    hub.signal.throwIfAborted();
    return `the Hub cannot be reached: ${errorText(error)}`;
  }
}

/** @returns the JSON, or the status of an error reply */
async function get(path: string, hub: Hub): Promise<{ readonly body: unknown } | number> {
  const reply = await hub.fetch(`${hub.endpoint}${path}`, {
    headers: hub.token === undefined ? {} : { authorization: `Bearer ${hub.token}` },
    signal: AbortSignal.any([hub.signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  if (!reply.ok) {
    await reply.body?.cancel();
    return reply.status;
  }
  return { body: await reply.json() };
}

function refusal(status: number, gated: boolean, { token }: Hub): string {
  if (status === 401 || status === 403) {
    if (token === undefined)
      return gated
        ? "it is gated: accept its licence on huggingface.co and set HF_TOKEN"
        : "the Hub has no such model, or it is private: set HF_TOKEN";
    if (status === 401) return "the Hub rejects the token in HF_TOKEN (401)";
    return "the account of HF_TOKEN has no access: accept the licence on the model's page";
  }
  return status === 404 ? "the Hub has no such model" : `the Hub answered ${String(status)}`;
}

function totalSize(index: unknown): number | undefined {
  const size = (index as { metadata?: { total_size?: unknown } } | null)?.metadata?.total_size;
  return typeof size === "number" && size > 0 ? size : undefined;
}
